"""Browser tests that typed text survives a lost network, an expired session, and leaving the page.

Lessons are tested in `test_learning_room_browser.py`, quizzes in `quizzes/tests/test_attempts_browser.py`, the chat in
`realtime/tests/test_chat_browser.py`.
"""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

from accounts.models import User
from assignments.models import Submission
from assignments.tests.samples import write_assignment
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment, Review
from realtime.models import Announcement
from tools.testing.browser import log_in, run_in_thread
from tools.testing.plugin import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BACK = "Your unsaved input has been restored."
REVIEW = "/courses/tea/review/"


@pytest.fixture
def enrollment(bob: User, course: Course, live_site: str) -> Enrollment:
    """Enroll bob in Alice's course."""
    return run_in_thread(lambda: enrollments.enroll(actor=bob, user=bob, course=course))


def assert_offline_notice(page: Page) -> None:
    notice = page.get_by_text("Your input stays in this window until")
    expect(notice).to_be_hidden()
    page.context.set_offline(True)
    expect(notice).to_be_visible()
    page.context.set_offline(False)
    expect(notice).to_be_hidden()


def test_a_page_shows_a_notice_while_offline(page: Page, live_site: str) -> None:
    page.goto(live_site)
    assert_offline_notice(page)


def test_a_lesson_shows_a_notice_while_offline(page: Page, live_site: str, enrollment: Enrollment) -> None:
    log_in(page, live_site, enrollment.user, "/learn/tea/")
    assert_offline_notice(page)


def review(page: Page) -> None:
    page.get_by_label("4 stars").check()
    page.get_by_label("Comment").fill("Steeped with care.")


# User, path, function that fills in the form, button, and check of the result.
FORMS: dict[str, tuple[str, str, Callable[[Page], None], str, Callable[[], Any]]] = {
    "review": (
        "bob", REVIEW, review, "Submit review", lambda: Review.objects.get().comment == "Steeped with care.",
    ),
    "profile": (
        "bob", "/account/profile/", lambda page: page.get_by_label("Full name").fill("Robert"), "Save",
        lambda: User.objects.filter(full_name="Robert").exists(),
    ),
    "hand-in": (
        "bob", "/learn/tea/assignments/{assignment}/", lambda page: page.get_by_label("Your text").fill("I brewed it."),
        "Submit", lambda: Submission.objects.get().content == "I brewed it.",
    ),
    "announcement": (
        "alice", "/teach/courses/tea/announcements/",
        lambda page: (page.get_by_label("Subject").fill("Kettles"), page.get_by_label("Text").fill("Bring one.")),
        "Post announcement", lambda: Announcement.objects.get().subject == "Kettles",
    ),
    "course": (
        "alice", "/teach/courses/tea/details/", lambda page: page.get_by_label("Title").fill("Green tea"), "Save",
        lambda: Course.objects.get().title == "Green tea",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_a_form_submitted_while_offline_can_be_sent_later(
    page: Page, live_site: str, alice: User, enrollment: Enrollment, name: str
) -> None:
    who, path, fill, button, has_arrived = FORMS[name]
    task = write_assignment(enrollment.course)
    user = {"alice": alice, "bob": enrollment.user}[who]
    log_in(page, live_site, user, path.format(assignment=task.pk))
    page.wait_for_load_state()
    page.context.set_offline(True)
    fill(page)
    page.get_by_role("main").get_by_role("button", name=button, exact=True).click()
    expect(page.get_by_text("Not sent: you are offline.")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("You are online again.")).to_be_visible()
    page.get_by_role("button", name="Send now").click()
    expect(page.locator(".message.success").first).to_be_visible()
    assert has_arrived()
    page.goto(live_site + path.format(assignment=task.pk))
    expect(page.get_by_text(BACK)).to_have_count(0)  # submitted text is not restored


def test_typed_text_survives_a_failed_request(page: Page, live_site: str, enrollment: Enrollment) -> None:
    """The browser is online, and shows its own error page for the failed request."""
    log_in(page, live_site, enrollment.user, REVIEW)
    review(page)
    page.route(f"**{REVIEW}", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    with pytest.raises(PlaywrightError), page.expect_navigation():
        page.get_by_role("button", name="Submit review").click()
    page.unroute_all()
    page.goto(live_site + REVIEW)
    expect(page.get_by_text(BACK)).to_be_visible()
    expect(page.get_by_label("Comment")).to_have_value("Steeped with care.")
    expect(page.get_by_label("4 stars")).to_be_checked()


def test_typed_text_survives_an_expired_session(page: Page, live_site: str, enrollment: Enrollment) -> None:
    log_in(page, live_site, enrollment.user, REVIEW)
    review(page)
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Submit review").click()
    page.wait_for_url("**/account/login/**")
    page.get_by_label("Email").fill(enrollment.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    page.wait_for_url(f"**{REVIEW}")
    expect(page.get_by_text(BACK)).to_be_visible()
    expect(page.get_by_label("Comment")).to_have_value("Steeped with care.")
    page.get_by_role("button", name="Submit review").click()
    page.wait_for_url("**/courses/tea/**")
    assert Review.objects.get().rating == 4


def test_typed_text_is_restored_after_leaving_the_page(page: Page, live_site: str, enrollment: Enrollment) -> None:
    log_in(page, live_site, enrollment.user, REVIEW)
    review(page)
    page.goto(f"{live_site}/dashboard/")
    page.goto(live_site + REVIEW)
    expect(page.get_by_label("Comment")).to_have_value("Steeped with care.")
    expect(page.get_by_text(BACK)).to_be_visible()
    expect(page.get_by_label("4 stars")).to_be_checked()
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_label("Comment")).to_have_value("")
    expect(page.get_by_text(BACK)).to_have_count(0)
    page.reload()
    expect(page.get_by_label("Comment")).to_have_value("")
