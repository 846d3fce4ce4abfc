"""The tasks that people come for, each done to its end with the keyboard alone, with the focus in sight.

Writing and publishing a course stands in `test_learning_browser.py`, every type of question in
`quizzes/tests/test_taking_browser.py`, grading with shortcuts in `assignments/tests/test_assignments_browser.py`.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from assignments.handing_in import submit
from assignments.models import Submission
from assignments.tests.samples import write_assignment
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment, LessonProgress
from lms.testing.browsing import elsewhere, log_in
from lms.testing.keys import Keys
from lms.testing.plugin import make_course
from quizzes.models import Attempt
from quizzes.tests.conftest import ESSAY, QUESTIONS, make_quiz

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(params=[1280, 390], ids=["desk", "phone"])
def keys(page: Page, request: pytest.FixtureRequest) -> Iterator[Keys]:
    """The keyboard of a desk, and one beside a phone; in the end, the focus was in sight wherever it stood."""
    page.set_viewport_size({"width": request.param, "height": 800})
    page.emulate_media(reduced_motion="reduce")  # or one looks while the page still glides to the focus
    hands = Keys(page)
    yield hands
    assert hands.faults == []


@pytest.fixture
def enrollment(bob: User, course: Course, live_site: str) -> Enrollment:
    """Bob's enrolment in Alice's course."""
    return elsewhere(lambda: enrollments.enroll(actor=bob, user=bob, course=course))


def test_registering_and_logging_in(keys: Keys, page: Page, live_site: str) -> None:
    page.goto(live_site)
    keys.open("link", "Log in")
    keys.open("link", "Make an account")
    page.wait_for_url("**/account/register/**")
    keys.fill("Your name", "Nora New")
    keys.fill("E-mail", "nora@example.com")
    keys.fill("Password", "a long walk home")
    keys.press("Enter")
    page.wait_for_url("**/dashboard/")
    keys.unfold("Your account")
    keys.open("button", "Log out")
    expect(page.get_by_role("link", name="Log in")).to_be_visible()
    keys.open("link", "Log in")
    page.wait_for_url("**/account/login/**")
    keys.fill("E-mail", "nora@example.com")
    keys.fill("Password", "a long walk home")
    keys.press("Enter")
    page.wait_for_url("**/dashboard/")
    assert User.objects.get().full_name == "Nora New"


def test_finding_a_course_and_enrolling(keys: Keys, page: Page, live_site: str, alice: User, bob: User) -> None:
    for title in ("Tea", "Coffee", "Cocoa"):
        make_course(alice, title)
    log_in(page, live_site, bob, "/courses/")
    keys.unfold("Filters")
    keys.to("searchbox", "Search")
    keys.type("cocoa")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Tea")).to_have_count(0)
    keys.open("link", "Cocoa")
    page.wait_for_url("**/courses/cocoa/")
    keys.open("button", "Begin, it is free")
    page.wait_for_url("**/learn/cocoa/**")
    assert Enrollment.objects.get().user == bob


def test_learning_a_lesson_and_going_on(
    keys: Keys, page: Page, live_site: str, bob: User, enrollment: Enrollment
) -> None:
    log_in(page, live_site, bob, "/dashboard/")
    keys.open("link", "Continue: Tea 1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tea 1")
    keys.open("button", "Done, next lesson")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tea 2")
    keys.open("link", "Previous lesson: Tea 1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tea 1")
    assert LessonProgress.objects.get(completed_at__isnull=False).lesson.title == "Tea 1"


def test_taking_a_quiz(
    keys: Keys, page: Page, live_site: str, alice: User, bob: User, course: Course, enrollment: Enrollment
) -> None:
    make_quiz(alice, course, [QUESTIONS[0], ESSAY], one_per_page=False)
    log_in(page, live_site, bob, f"/learn/{course.slug}/")
    keys.unfold("Lessons")
    keys.follow("Leaves")
    keys.open("button", "Start the quiz")
    page.wait_for_url("**/quizzes/attempts/**")
    keys.to("radio", "Unoxidised")
    keys.press("Space")
    keys.reach(page.locator("textarea"), "the essay")
    keys.type("Soft water.")
    keys.open("button", "Submit the quiz")
    keys.open("button", "Submit now")
    page.wait_for_url("**/review/")
    assert set(Attempt.objects.get().answers.values()) == {"a", "Soft water."}


def test_handing_in(keys: Keys, page: Page, live_site: str, bob: User, course: Course, enrollment: Enrollment) -> None:
    write_assignment(course)
    log_in(page, live_site, bob, f"/learn/{course.slug}/")
    keys.unfold("Lessons")
    keys.follow("Brew a pot")
    keys.to("textbox", "Your text (optional)")
    keys.type("I brewed one pot.")
    keys.open("button", "Hand in")
    expect(page.get_by_text("Version 1 is handed in")).to_be_visible()
    assert Submission.objects.get().content == "I brewed one pot."


def test_grading(
    keys: Keys, page: Page, live_site: str, alice: User, bob: User, course: Course, enrollment: Enrollment
) -> None:
    task = write_assignment(course)
    submission: Any = elsewhere(lambda: submit(actor=bob, assignment=task, content="One pot."))
    log_in(page, live_site, alice, "/teach/grading/")
    keys.open("link", "Bob Example")
    keys.to("spinbutton", "Points of 10")
    keys.type("8")
    keys.fill("Feedback (optional)", "Well brewed.")
    keys.open("button", "Grade and go on")
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    submission.refresh_from_db()
    assert submission.raw_grade == 8
