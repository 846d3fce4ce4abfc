"""A network that goes away, a session that ends, a page that is left: nothing that was typed is lost.

Lessons are in `test_learning_browser.py`, quizzes in `quizzes/tests/test_taking_browser.py`, the chat in
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
from lms.testing.browsing import elsewhere, log_in
from lms.testing.plugin import PASSWORD
from realtime.models import Announcement

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BACK = "What you typed here before is back."
REVIEW = "/courses/tea/review/"


@pytest.fixture
def enrollment(bob: User, course: Course, live_site: str) -> Enrollment:
    """Bob's enrolment in Alice's course."""
    return elsewhere(lambda: enrollments.enroll(actor=bob, user=bob, course=course))


def says_while_there_is_no_network(page: Page) -> None:
    notice = page.get_by_text("You are offline. What you type")
    expect(notice).to_be_hidden()
    page.context.set_offline(True)
    expect(notice).to_be_visible()
    page.context.set_offline(False)
    expect(notice).to_be_hidden()


def test_a_page_says_while_there_is_no_network(page: Page, live_site: str) -> None:
    page.goto(live_site)
    says_while_there_is_no_network(page)


def test_a_lesson_where_nothing_is_typed_says_it_too(page: Page, live_site: str, enrollment: Enrollment) -> None:
    log_in(page, live_site, enrollment.user, "/learn/tea/")
    says_while_there_is_no_network(page)


def review(page: Page) -> None:
    page.get_by_label("4 stars").check()
    page.get_by_label("Comment").fill("Steeped with care.")


# Who fills which form in, how, the button, and what has arrived in the end.
FORMS: dict[str, tuple[str, str, Callable[[Page], None], str, Callable[[], Any]]] = {
    "review": (
        "bob", REVIEW, review, "Publish my review", lambda: Review.objects.get().comment == "Steeped with care.",
    ),
    "profile": (
        "bob", "/account/profile/", lambda page: page.get_by_label("Your name").fill("Robert"), "Save",
        lambda: User.objects.filter(full_name="Robert").exists(),
    ),
    "hand-in": (
        "bob", "/learn/tea/assignments/{assignment}/", lambda page: page.get_by_label("Your text").fill("I brewed it."),
        "Hand in", lambda: Submission.objects.get().content == "I brewed it.",
    ),
    "announcement": (
        "alice", "/teach/courses/tea/announcements/",
        lambda page: (page.get_by_label("Subject").fill("Kettles"), page.get_by_label("Text").fill("Bring one.")),
        "Announce it", lambda: Announcement.objects.get().subject == "Kettles",
    ),
    "course": (
        "alice", "/teach/courses/tea/details/", lambda page: page.get_by_label("Title").fill("Green tea"), "Save",
        lambda: Course.objects.get().title == "Green tea",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_is_sent_without_a_network_is_held_and_sent_later(
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
    page.get_by_role("button", name="Send it now").click()
    expect(page.locator(".message.success").first).to_be_visible()
    assert has_arrived()
    page.goto(live_site + path.format(assignment=task.pk))
    expect(page.get_by_text(BACK)).to_have_count(0)  # what has arrived is not brought back


def test_a_request_that_dies_on_its_way_leaves_what_was_typed(
    page: Page, live_site: str, enrollment: Enrollment
) -> None:
    """The browser believes in its network, and shows a page of its own in place of an answer."""
    log_in(page, live_site, enrollment.user, REVIEW)
    review(page)
    page.route(f"**{REVIEW}", lambda route: route.abort() if route.request.method == "POST" else route.continue_())
    with pytest.raises(PlaywrightError), page.expect_navigation():
        page.get_by_role("button", name="Publish my review").click()
    page.unroute_all()
    page.goto(live_site + REVIEW)
    expect(page.get_by_text(BACK)).to_be_visible()
    expect(page.get_by_label("Comment")).to_have_value("Steeped with care.")
    expect(page.get_by_label("4 stars")).to_be_checked()


def test_what_was_typed_outlasts_a_session_that_has_ended(page: Page, live_site: str, enrollment: Enrollment) -> None:
    log_in(page, live_site, enrollment.user, REVIEW)
    review(page)
    page.context.clear_cookies(name="sessionid")
    page.get_by_role("button", name="Publish my review").click()
    page.wait_for_url("**/account/login/**")
    page.get_by_label("E-mail").fill(enrollment.user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    page.wait_for_url(f"**{REVIEW}")
    expect(page.get_by_text(BACK)).to_be_visible()
    expect(page.get_by_label("Comment")).to_have_value("Steeped with care.")
    page.get_by_role("button", name="Publish my review").click()
    page.wait_for_url("**/courses/tea/**")
    assert Review.objects.get().rating == 4


def test_what_was_typed_and_left_is_there_when_one_comes_back(
    page: Page, live_site: str, enrollment: Enrollment
) -> None:
    log_in(page, live_site, enrollment.user, REVIEW)
    review(page)
    page.goto(f"{live_site}/dashboard/")
    page.goto(live_site + REVIEW)
    expect(page.get_by_label("Comment")).to_have_value("Steeped with care.")
    expect(page.get_by_text(BACK)).to_be_visible()
    expect(page.get_by_label("4 stars")).to_be_checked()
    page.get_by_role("button", name="Discard it").click()
    expect(page.get_by_label("Comment")).to_have_value("")
    expect(page.get_by_text(BACK)).to_have_count(0)
    page.reload()
    expect(page.get_by_label("Comment")).to_have_value("")
