"""What is told while a page is on its way to the browser: it is shown, and counted once (QUALITY W04)."""

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from accounts.models import User
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from lms.testing.browsing import elsewhere, log_in
from realtime.tests.test_chat_browser import said

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.quality("W04"),
]


def mention(alice: User, course: Course, *, times: int = 1) -> None:
    """Let Alice say something to Bob, so many times."""
    for number in range(times):
        said(alice, course, f"@Bob Example: {number + 1}")


def test_progress_made_before_the_socket_is_open_moves_the_page(
    page: Page, live_site: str, bob: User, course: Course, enrolled: Enrollment
) -> None:
    lesson = course.lessons.first()

    def late(socket: WebSocketRoute) -> None:
        """Let Bob finish a lesson on his telephone after the page was written, and before its socket is let through."""
        elsewhere(lambda: enrollments.complete_lesson(actor=bob, enrollment=enrolled, lesson_id=lesson.pk))
        socket.connect_to_server()

    page.route_web_socket("**/ws/**", late)
    log_in(page, live_site, bob, "/dashboard/")
    expect(page.locator("[data-course-progress]").first).to_contain_text("33%")


def test_what_is_told_between_two_pages_is_a_toast_and_counted_once(
    page: Page, live_site: str, alice: User, bob: User, course: Course, enrolled: Enrollment
) -> None:
    log_in(page, live_site, bob, "/dashboard/")
    bell, toasts = page.locator("[data-unread]"), page.locator("[data-toasts] .toast")
    mention(alice, course)
    expect(toasts).to_have_count(1)
    expect(bell).to_have_text("1")

    page.goto("about:blank")
    mention(alice, course)
    page.goto(f"{live_site}/dashboard/")
    expect(toasts).to_have_count(1)
    expect(bell).to_have_text("2")


def test_after_a_night_away_the_newest_few_are_toasts_and_all_are_counted(
    page: Page, live_site: str, alice: User, bob: User, course: Course, enrolled: Enrollment
) -> None:
    log_in(page, live_site, bob, "/dashboard/")
    toasts = page.locator("[data-toasts] .toast")
    mention(alice, course)
    expect(toasts).to_have_count(1)

    page.goto("about:blank")
    mention(alice, course, times=6)
    page.goto(f"{live_site}/dashboard/")
    expect(toasts).to_have_count(4)
    expect(page.locator("[data-unread]")).to_have_text("7")
