"""Browser tests for the main tasks with the keyboard only, with the focus always visible.

Writing and publishing a course is tested in `test_learning_room_browser.py`, every type of question in
`quizzes/tests/test_attempts_browser.py`, grading with shortcuts in `assignments/tests/test_assignments_browser.py`.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from assignments.models import Submission
from assignments.submissions import submit
from assignments.tests.samples import write_assignment
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment, LessonProgress
from quizzes.models import Attempt
from quizzes.tests.conftest import ESSAY, QUESTIONS, make_quiz
from tools.testing.browser import log_in, run_in_thread
from tools.testing.keys import Keyboard
from tools.testing.plugin import make_course

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(params=[1280, 390], ids=["desk", "phone"])
def keys(page: Page, request: pytest.FixtureRequest) -> Iterator[Keyboard]:
    """Yield a keyboard for a desktop and a phone viewport; fail if the focus was ever out of sight."""
    page.set_viewport_size({"width": request.param, "height": 800})
    page.emulate_media(reduced_motion="reduce")  # otherwise smooth scrolling is still running when the focus is checked
    hands = Keyboard(page)
    yield hands
    assert hands.faults == []


@pytest.fixture
def enrollment(bob: User, course: Course, live_site: str) -> Enrollment:
    """Enroll bob in Alice's course."""
    return run_in_thread(lambda: enrollments.enroll(actor=bob, user=bob, course=course))


def test_register_and_log_in_by_keyboard(keys: Keyboard, page: Page, live_site: str) -> None:
    page.goto(live_site)
    keys.open("link", "Log in")
    keys.open("link", "Create account")
    page.wait_for_url("**/account/register/**")
    keys.fill("Full name", "Nora New")
    keys.fill("Email", "nora@example.com")
    keys.fill("Password", "a long walk home")
    keys.press("Enter")
    page.wait_for_url("**/dashboard/")
    keys.expand("Your account")
    keys.open("button", "Log out")
    expect(page.get_by_role("link", name="Log in")).to_be_visible()
    keys.open("link", "Log in")
    page.wait_for_url("**/account/login/**")
    keys.fill("Email", "nora@example.com")
    keys.fill("Password", "a long walk home")
    keys.press("Enter")
    page.wait_for_url("**/dashboard/")
    assert User.objects.get().full_name == "Nora New"


def test_find_a_course_and_enroll_by_keyboard(
    keys: Keyboard, page: Page, live_site: str, alice: User, bob: User
) -> None:
    for title in ("Tea", "Coffee", "Cocoa"):
        make_course(alice, title)
    log_in(page, live_site, bob, "/courses/")
    keys.expand("Filters")
    keys.focus("searchbox", "Search")
    keys.type("cocoa")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="Tea")).to_have_count(0)
    keys.open("link", "Cocoa")
    page.wait_for_url("**/courses/cocoa/")
    keys.open("button", "Enroll for free")
    page.wait_for_url("**/learn/cocoa/**")
    assert Enrollment.objects.get().user == bob


def test_complete_a_lesson_by_keyboard(
    keys: Keyboard, page: Page, live_site: str, bob: User, enrollment: Enrollment
) -> None:
    log_in(page, live_site, bob, "/dashboard/")
    keys.open("link", "Continue: Tea 1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tea 1")
    keys.open("button", "Mark as complete")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tea 2")
    keys.open("link", "Previous lesson: Tea 1")
    expect(page.get_by_role("heading", level=1)).to_have_text("Tea 1")
    assert LessonProgress.objects.get(completed_at__isnull=False).lesson.title == "Tea 1"


def test_take_a_quiz_by_keyboard(
    keys: Keyboard, page: Page, live_site: str, alice: User, bob: User, course: Course, enrollment: Enrollment
) -> None:
    make_quiz(alice, course, [QUESTIONS[0], ESSAY], one_per_page=False)
    log_in(page, live_site, bob, f"/learn/{course.slug}/")
    keys.expand("Lessons")
    keys.follow("Leaves")
    keys.open("button", "Start quiz")
    page.wait_for_url("**/quizzes/attempts/**")
    keys.focus("radio", "Unoxidised")
    keys.press("Space")
    keys.reach(page.locator("textarea"), "the essay")
    keys.type("Soft water.")
    keys.open("button", "Submit quiz")
    keys.open("button", "Submit now")
    page.wait_for_url("**/review/")
    assert set(Attempt.objects.get().answers.values()) == {"a", "Soft water."}


def test_submit_an_assignment_by_keyboard(
    keys: Keyboard, page: Page, live_site: str, bob: User, course: Course, enrollment: Enrollment
) -> None:
    write_assignment(course)
    log_in(page, live_site, bob, f"/learn/{course.slug}/")
    keys.expand("Lessons")
    keys.follow("Brew a pot")
    keys.focus("textbox", "Your text (optional)")
    keys.type("I brewed one pot.")
    keys.open("button", "Submit")
    expect(page.get_by_text("Version 1 submitted.")).to_be_visible()
    assert Submission.objects.get().content == "I brewed one pot."


def test_grade_a_submission_by_keyboard(
    keys: Keyboard, page: Page, live_site: str, alice: User, bob: User, course: Course, enrollment: Enrollment
) -> None:
    task = write_assignment(course)
    submission: Any = run_in_thread(lambda: submit(actor=bob, assignment=task, content="One pot."))
    log_in(page, live_site, alice, "/teach/grading/")
    keys.open("link", "Bob Example")
    keys.focus("spinbutton", "Points out of 10")
    keys.type("8")
    keys.fill("Feedback (optional)", "Well brewed.")
    keys.open("button", "Grade and continue")
    expect(page.get_by_text("No submissions to grade")).to_be_visible()
    submission.refresh_from_db()
    assert submission.raw_grade == 8
