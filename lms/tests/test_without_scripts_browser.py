"""Browser tests for the main tasks without JavaScript, except for live updates."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from assignments.models import Submission
from assignments.submissions import submit
from assignments.tests.samples import write_assignment
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment, LessonProgress, Review
from quizzes.models import Attempt, Quiz
from quizzes.tests.conftest import ESSAY, QUESTIONS, make_quiz
from realtime.models import Announcement, Message
from tools.testing.browser import log_in, run_in_thread
from tools.testing.plugin import PASSWORD, make_course

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def plain(browser: Browser) -> Iterator[Page]:
    """Yield a page in a browser with JavaScript disabled."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture
def enrollment(bob: User, course: Course, live_site: str) -> Enrollment:
    """Enroll bob in Alice's course."""
    return run_in_thread(lambda: enrollments.enroll(actor=bob, user=bob, course=course))


def press(page: Page, name: str) -> None:
    page.get_by_role("main").get_by_role("button", name=name, exact=True).first.click()


def test_a_visitor_can_register_and_complete_a_course(plain: Page, live_site: str, alice: User) -> None:
    for title in ("Tea", "Coffee"):
        make_course(alice, title, lessons=2)
    plain.goto(f"{live_site}/courses/")
    plain.get_by_role("main").get_by_role("searchbox", name="Search").fill("tea")
    press(plain, "Show courses")
    expect(plain.get_by_role("heading", name="Coffee")).to_have_count(0)
    plain.get_by_role("link", name="Tea", exact=True).click()
    plain.get_by_role("link", name="Enroll for free").click()
    plain.get_by_label("Full name").fill("Nora New")
    plain.get_by_label("Email").fill("nora@example.com")
    plain.get_by_label("Password").fill("a long walk home")
    press(plain, "Create account")
    press(plain, "Enroll for free")
    press(plain, "Mark as complete")
    expect(plain.get_by_role("heading", level=1)).to_have_text("Tea 2")
    press(plain, "Mark as complete")
    expect(plain.get_by_text("You completed").first).to_be_visible()
    assert LessonProgress.objects.filter(completed_at__isnull=False).count() == 2
    with plain.expect_download() as download:
        plain.goto(f"{live_site}/certificates/")
        plain.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename.endswith(".pdf")
    plain.get_by_text("Your account", exact=True).locator("..").click()
    plain.get_by_role("button", name="Log out").click()
    expect(plain.get_by_role("link", name="Log in")).to_be_visible()


def test_a_student_can_take_and_review_a_quiz(
    plain: Page, live_site: str, alice: User, course: Course, enrollment: Enrollment
) -> None:
    quiz = make_quiz(alice, course, [*QUESTIONS, ESSAY], time_limit_minutes=30)
    log_in(plain, live_site, enrollment.user, f"/quizzes/{quiz.pk}/")
    press(plain, "Start quiz")
    plain.get_by_label("Unoxidised").check()
    plain.get_by_label("True", exact=True).check()
    press(plain, "Save answers")
    expect(plain.get_by_text("2 of 7 answered")).to_be_visible()
    expect(plain.get_by_label("Unoxidised")).to_be_checked()
    plain.get_by_label("Oolong").check()
    plain.get_by_label("Pu-erh").check()
    plain.get_by_label("Your answer (a number)").fill("80")
    plain.get_by_label("Sencha").select_option(label="Japan")
    plain.get_by_label("Darjeeling").select_option(label="India")
    press(plain, "Submit quiz")
    expect(plain.get_by_role("heading", level=1)).to_have_text("Attempt 1")
    attempt = Attempt.objects.get()
    assert attempt.submitted_at
    assert attempt.points_earned == 9


def test_a_student_can_submit_review_chat_and_change_settings(
    plain: Page, live_site: str, course: Course, enrollment: Enrollment, tmp_path: Path
) -> None:
    task = write_assignment(course)
    (tmp_path / "notes.txt").write_text("Steep for three minutes.")
    log_in(plain, live_site, enrollment.user, f"/learn/tea/assignments/{task.pk}/")
    plain.get_by_label("Your text").fill("I brewed it.")
    plain.get_by_label("Files").set_input_files(tmp_path / "notes.txt")
    press(plain, "Submit")
    expect(plain.get_by_text("Version 1 submitted.")).to_be_visible()
    assert Submission.objects.get().files.count() == 1

    plain.goto(f"{live_site}/courses/tea/review/")
    plain.get_by_label("4 stars").check()
    plain.get_by_label("Comment").fill("Clear.")
    press(plain, "Submit review")
    assert Review.objects.get().rating == 4

    plain.goto(f"{live_site}/learn/tea/chat/")
    plain.get_by_label("Your message").fill("How hot?")
    press(plain, "Send")
    expect(plain.get_by_text("How hot?")).to_be_visible()
    plain.get_by_text("Message actions").locator("..").click()
    plain.get_by_role("link", name="Edit", exact=True).click()
    plain.get_by_role("main").get_by_role("textbox").fill("How hot, in degrees?")
    press(plain, "Save")
    assert Message.objects.get().text == "How hot, in degrees?"

    plain.goto(f"{live_site}/account/profile/")
    plain.get_by_label("Time zone").fill("Paris")
    press(plain, "Save")
    plain.goto(f"{live_site}/notifications/choices/")
    plain.get_by_label("My quiz is graded").select_option(label="Email right away")
    press(plain, "Save")
    expect(plain.get_by_label("My quiz is graded")).to_have_value("mail")
    plain.goto(f"{live_site}/account/security/password/")
    plain.locator("[name=password]").fill(PASSWORD)
    plain.get_by_label("New password").fill("another walk home")
    plain.locator("main form button[type=submit]").click()
    expect(plain.locator(".message.success")).to_be_visible()
    enrollment.user.refresh_from_db()
    assert enrollment.user.check_password("another walk home")
    assert enrollment.user.time_zone == "Europe/Paris"


def test_an_instructor_can_publish_a_course_with_quiz_and_assignment(plain: Page, live_site: str, alice: User) -> None:
    log_in(plain, live_site, alice, "/teach/courses/new/")
    plain.get_by_label("Title").fill("Knots")
    plain.get_by_label("Short description").fill("Two knots that hold.")
    press(plain, "Create course")
    for title in ("The bowline", "The hitch"):
        plain.get_by_role("link", name="Add lesson").click()
        plain.get_by_label("Title").fill(title)
        plain.get_by_label("Text").fill("Round and *round*.")
        press(plain, "Save lesson")
    plain.get_by_role("button", name="Move down The bowline").click()
    expect(plain.locator(".editor-lessons > li").first).to_contain_text("The hitch")
    plain.get_by_text("Rename").first.click()
    plain.get_by_label("Section title").first.fill("First knots")
    plain.get_by_role("button", name="Rename").first.click()
    expect(plain.get_by_role("heading", name="First knots")).to_be_visible()
    press(plain, "Publish")
    expect(plain.get_by_text("is published").first).to_be_visible()

    plain.goto(f"{live_site}/teach/courses/knots/quizzes/")
    plain.get_by_label("Title of the new quiz").fill("Which knot?")
    press(plain, "Create quiz")
    plain.get_by_label("Question type").select_option("true_false")
    press(plain, "Add question")
    plain.get_by_label("Question", exact=True).fill("A bowline slips.")
    plain.get_by_label("Correct answer").select_option("false")
    press(plain, "Save question")
    press(plain, "Publish")
    assert Quiz.objects.get().is_published

    plain.goto(f"{live_site}/teach/courses/knots/assignments/new/")
    plain.get_by_label("Title").fill("Tie one")
    plain.get_by_label("Published").check()
    press(plain, "Save")
    expect(plain.get_by_role("link", name="Tie one")).to_be_visible()
    assert Course.objects.get().is_published


def test_an_instructor_can_grade_announce_and_invite(
    plain: Page, live_site: str, alice: User, course: Course, enrollment: Enrollment
) -> None:
    task = write_assignment(course)
    submit(actor=enrollment.user, assignment=task, content="I brewed it.")
    log_in(plain, live_site, alice, "/teach/grading/")
    plain.get_by_role("link", name="Bob Example").click()
    plain.get_by_label("Points out of 10").fill("8")
    plain.get_by_label("Feedback").fill("Warm the pot.")
    press(plain, "Grade and continue")
    assert Submission.objects.get().grade == 8

    plain.goto(f"{live_site}/teach/courses/tea/announcements/")
    plain.get_by_label("Subject").fill("Kettles")
    plain.get_by_label("Text").fill("Bring one.")
    press(plain, "Post announcement")
    assert Announcement.objects.get().subject == "Kettles"

    plain.goto(f"{live_site}/teach/courses/tea/students/")
    plain.get_by_label("Invite by email").fill("nora@example.com")
    press(plain, "Send invitation")
    expect(plain.locator(".message.success")).to_be_visible()
    plain.goto(f"{live_site}/teach/courses/tea/gradebook/")
    expect(plain.get_by_role("link", name="Bob Example")).to_be_visible()
    plain.goto(f"{live_site}/teach/courses/tea/analytics/")
    plain.get_by_role("link", name="Last 7 days").click()
    expect(plain.get_by_role("heading", name="Activity")).to_be_visible()
    plain.goto(f"{live_site}/learn/tea/chat/")
    plain.get_by_label("Your message").fill("Welcome.")
    press(plain, "Send")
    expect(plain.get_by_text("Welcome.")).to_be_visible()
