"""Browser tests of late submissions with upload progress, grading by keyboard, and restored grades."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from assignments import submissions
from assignments.models import Submission
from assignments.tests.samples import write_assignment
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from files.tests.samples import PDF, upload
from tools.testing.browser import assert_accessible, log_in, run_in_thread
from tools.testing.plugin import make_user

pytestmark = pytest.mark.browser


@pytest.fixture
def enrollment(bob: User, course: Course, live_site: str) -> Enrollment:
    """Enroll Bob in Alice's course."""
    return run_in_thread(lambda: enrollments.enroll(actor=bob, user=bob, course=course))


@pytest.mark.quality("S02")
def test_a_late_submission_shows_the_penalty_and_upload_progress(
    page: Page, live_site: str, course: Course, enrollment: Enrollment, tmp_path: Path
) -> None:
    due = timezone.now() - timedelta(hours=30)
    task = write_assignment(course, points=100, due_at=due, allow_late_submission=True, late_penalty_percentage=10)
    large = tmp_path / "pot.pdf"
    large.write_bytes(PDF + b"\0" * 6_000_000)
    log_in(page, live_site, enrollment.user, f"/learn/tea/assignments/{task.pk}/")
    expect(page.get_by_text("100 points become 80")).to_be_visible()
    assert_accessible(page)
    page.get_by_label("Your text").fill("I brewed it.")
    page.get_by_label("Files").set_input_files(large)
    page.evaluate(
        """() => new MutationObserver((changes) => {
             window.seen = (window.seen ?? "") + changes.map((one) => one.target.textContent + ";").join("");
           }).observe(document.querySelector("[data-upload-percent]"), { childList: true })"""
    )
    page.evaluate("window.addEventListener('pagehide', () => sessionStorage.setItem('seen', window.seen))")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Version 1 submitted.")).to_be_visible()
    assert "100%" in page.evaluate("sessionStorage.getItem('seen')")
    expect(page.get_by_text("2 days late")).to_be_visible()
    expect(page.get_by_role("link", name="pot.pdf")).to_be_visible()
    submission = Submission.objects.get()
    assert (submission.days_late, submission.content, submission.files.count()) == (2, "I brewed it.", 1)
    assert_accessible(page)


def test_the_grading_page_shows_a_submitted_pdf(
    page: Page, live_site: str, alice: User, bob: User, course: Course, enrollment: Enrollment
) -> None:
    task = write_assignment(course)

    def submit_pdf() -> Submission:
        return submissions.submit(actor=bob, assignment=task, content="", uploads=[upload("pot.pdf", PDF)])

    submission = run_in_thread(submit_pdf)
    violations: list[str] = []
    page.on("console", lambda message: violations.append(message.text) if "Policy" in message.text else None)
    with page.expect_response("**/preview/", timeout=15_000) as preview:
        log_in(page, live_site, alice, f"/teach/grading/{submission.pk}/")
    assert preview.value.status == 200
    assert violations == []


def test_the_submission_form_works_without_scripts(
    page: Page, live_site: str, course: Course, enrollment: Enrollment, tmp_path: Path
) -> None:
    task = write_assignment(course)
    assert page.context.browser is not None
    context = page.context.browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    (tmp_path / "a.txt").write_text("tea")
    log_in(plain, live_site, enrollment.user, f"/learn/tea/assignments/{task.pk}/")
    plain.get_by_label("Files").set_input_files(tmp_path / "a.txt")
    plain.get_by_role("button", name="Submit").click()
    expect(plain.get_by_text("Version 1 submitted.")).to_be_visible()
    context.close()


def test_an_instructor_grades_three_submissions_by_keyboard(
    page: Page, live_site: str, course: Course, alice: User
) -> None:
    task = write_assignment(course)
    for name in ("Una", "Dos", "Tres"):
        student = make_user(name)
        run_in_thread(lambda who=student: enrollments.enroll(actor=who, user=who, course=course))
        submissions.submit(
            actor=student, assignment=task, content=f"{name} brewed.", uploads=[upload("notes.txt", b"<b>steep</b>")]
        )
    log_in(page, live_site, alice, "/teach/grading/")
    assert_accessible(page)
    page.get_by_role("link", name="Una Example").press("Enter")
    for name, points in (("Una", "7"), ("Dos", "8"), ("Tres", "9")):
        expect(page.get_by_role("heading", level=1)).to_have_text(f"{name} Example")
        expect(page.get_by_text("<b>steep</b>")).to_be_visible()  # escaped
        page.wait_for_load_state()  # the keyboard shortcuts work only after the script has loaded
        page.keyboard.press("g")
        page.keyboard.type(points)
        page.keyboard.press("Control+Enter")
    expect(page.get_by_text("No submissions to grade")).to_be_visible()
    assert sorted(Submission.objects.values_list("raw_grade", flat=True)) == [7, 8, 9]


def test_restoring_a_grade_adds_an_entry_to_the_history(
    page: Page, live_site: str, course: Course, enrollment: Enrollment, alice: User
) -> None:
    task = write_assignment(course)
    submission = submissions.submit(actor=enrollment.user, assignment=task, uploads=[upload("tea.pdf", PDF)])
    address = f"/teach/grading/{submission.pk}/"
    log_in(page, live_site, alice, address)
    for points, reason in (("4", ""), ("9", "Looked again")):
        page.get_by_label("Points out of 10").fill(points)
        if reason:
            page.get_by_label("Reason for the change").fill(reason)
        page.get_by_role("button", name="Grade and continue").click()
        expect(page.get_by_text("No submissions to grade")).to_be_visible()
        page.goto(live_site + address)
    assert_accessible(page)
    page.get_by_role("button", name="Restore grade").click()
    expect(page.get_by_text("The grade was restored to 4.")).to_be_visible()
    history = page.get_by_role("region", name="History").get_by_role("listitem")
    expect(history).to_have_count(3)
    expect(history.nth(0)).to_contain_text("Restored the grade of")
    expect(history.nth(1)).to_contain_text("Looked again")
    submission.refresh_from_db()
    assert submission.grade == 4
