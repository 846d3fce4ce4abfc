"""Notifications that arrive while a page loads are shown and counted once (quality row W04)."""

import pytest
from playwright.sync_api import Page, WebSocketRoute, expect

from accounts.models import User
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from quizzes.tests.conftest import QUESTIONS, begin, make_quiz
from realtime.tests.test_chat_browser import post_message
from tools.testing.browser import log_in, run_in_thread

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.django_db(transaction=True),
    pytest.mark.quality("W04"),
]


def mention(alice: User, course: Course, *, times: int = 1) -> None:
    """Let Alice mention Bob in `times` messages."""
    for number in range(times):
        post_message(alice, course, f"@Bob Example: {number + 1}")


def test_progress_made_before_the_socket_connects_updates_the_page(
    page: Page, live_site: str, bob: User, course: Course, enrolled: Enrollment
) -> None:
    lesson = course.lessons.first()

    def connect_late(socket: WebSocketRoute) -> None:
        """Complete a lesson on another device after the page was rendered and before its socket is connected."""
        run_in_thread(lambda: enrollments.complete_lesson(actor=bob, enrollment=enrolled, lesson_id=lesson.pk))
        socket.connect_to_server()

    page.route_web_socket("**/ws/**", connect_late)
    log_in(page, live_site, bob, "/dashboard/")
    expect(page.locator("[data-course-progress]").first).to_contain_text("33%")


def test_a_notification_between_two_pages_is_shown_and_counted_once(
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


def test_many_missed_notifications_are_counted_and_the_latest_are_toasts(
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


def test_a_toast_closes_by_itself_unless_the_pointer_is_on_it(
    page: Page, live_site: str, alice: User, bob: User, course: Course, enrolled: Enrollment
) -> None:
    page.clock.install()
    log_in(page, live_site, bob, "/dashboard/")
    toasts = page.locator("[data-toasts] .toast")
    mention(alice, course)
    expect(toasts).to_have_count(1)
    toasts.hover()
    page.clock.fast_forward(20_000)
    expect(toasts).to_have_count(1)
    page.mouse.move(0, 0)
    page.clock.fast_forward(8_000)
    expect(toasts).to_have_count(0)
    expect(page.locator("[data-unread]")).to_have_text("1")


def test_no_toast_covers_a_running_attempt(
    page: Page, live_site: str, alice: User, bob: User, course: Course, enrolled: Enrollment
) -> None:
    attempt = run_in_thread(lambda: begin(bob, make_quiz(alice, course, QUESTIONS)))
    log_in(page, live_site, bob, f"/quizzes/attempts/{attempt.pk}/")
    mention(alice, course)
    expect(page.locator("[data-unread]").first).to_have_text("1")
    expect(page.locator("[data-toasts] .toast")).to_have_count(0)
