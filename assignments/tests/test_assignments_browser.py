"""In a browser: handing in late at a price that was told, with a bar; grading from the keyboard; a grade taken back."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from assignments import handing_in
from assignments.models import Submission
from assignments.tests.samples import write_assignment
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from files.tests.samples import PDF, upload
from lms.testing.browsing import assert_accessible, elsewhere, log_in
from lms.testing.plugin import person

pytestmark = pytest.mark.browser


@pytest.fixture
def enrollment(bob: User, course: Course, live_site: str) -> Enrollment:
    """Bob's enrolment in Alice's course."""
    return elsewhere(lambda: enrollments.enroll(actor=bob, user=bob, course=course))


@pytest.mark.quality("S02")
def test_a_student_is_told_the_price_sees_the_bar_and_hands_in_late(
    page: Page, live_site: str, course: Course, enrollment: Enrollment, tmp_path: Path
) -> None:
    due = timezone.now() - timedelta(hours=30)
    task = write_assignment(course, points=100, due_at=due, allow_late_submission=True, late_penalty_percentage=10)
    large = tmp_path / "pot.pdf"
    large.write_bytes(PDF + b"\0" * 6_000_000)
    log_in(page, live_site, enrollment.user, f"/learn/tea/assignments/{task.pk}/")
    expect(page.get_by_text("work worth 100 would count 80")).to_be_visible()
    assert_accessible(page)
    page.get_by_label("Your text").fill("I brewed it.")
    page.get_by_label("Files").set_input_files(large)
    page.evaluate(
        """() => new MutationObserver((changes) => {
             window.seen = (window.seen ?? "") + changes.map((one) => one.target.textContent + ";").join("");
           }).observe(document.querySelector("[data-upload-percent]"), { childList: true })"""
    )
    page.evaluate("window.addEventListener('pagehide', () => sessionStorage.setItem('seen', window.seen))")
    page.get_by_role("button", name="Hand in").click()
    expect(page.get_by_text("Version 1 is handed in")).to_be_visible()
    assert "100%" in page.evaluate("sessionStorage.getItem('seen')")
    expect(page.get_by_text("2 days late")).to_be_visible()
    expect(page.get_by_role("link", name="pot.pdf")).to_be_visible()
    made = Submission.objects.get()
    assert (made.days_late, made.content, made.files.count()) == (2, "I brewed it.", 1)
    assert_accessible(page)


def test_without_scripts_the_form_hands_in_as_well(
    page: Page, live_site: str, course: Course, enrollment: Enrollment, tmp_path: Path
) -> None:
    task = write_assignment(course)
    assert page.context.browser is not None
    context = page.context.browser.new_context(java_script_enabled=False)
    plain = context.new_page()
    (tmp_path / "a.txt").write_text("tea")
    log_in(plain, live_site, enrollment.user, f"/learn/tea/assignments/{task.pk}/")
    plain.get_by_label("Files").set_input_files(tmp_path / "a.txt")
    plain.get_by_role("button", name="Hand in").click()
    expect(plain.get_by_text("Version 1 is handed in")).to_be_visible()
    context.close()


def test_a_teacher_grades_three_in_a_row_from_the_keyboard(
    page: Page, live_site: str, course: Course, alice: User
) -> None:
    task = write_assignment(course)
    for name in ("Una", "Dos", "Tres"):
        student = person(name)
        elsewhere(lambda who=student: enrollments.enroll(actor=who, user=who, course=course))
        handing_in.submit(
            actor=student, assignment=task, content=f"{name} brewed.", uploads=[upload("notes.txt", b"<b>steep</b>")]
        )
    log_in(page, live_site, alice, "/teach/grading/")
    assert_accessible(page)
    page.get_by_role("link", name="Una Example").press("Enter")
    for name, points in (("Una", "7"), ("Dos", "8"), ("Tres", "9")):
        expect(page.get_by_role("heading", level=1)).to_have_text(f"{name} Example")
        expect(page.get_by_text("<b>steep</b>")).to_be_visible()  # shown, not run
        page.wait_for_load_state()  # who reads that fast has no keys yet: the script comes after the words
        page.keyboard.press("g")
        page.keyboard.type(points)
        page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    assert sorted(Submission.objects.values_list("raw_grade", flat=True)) == [7, 8, 9]


def test_a_grade_is_taken_back_and_the_history_says_so(
    page: Page, live_site: str, course: Course, enrollment: Enrollment, alice: User
) -> None:
    task = write_assignment(course)
    made = handing_in.submit(actor=enrollment.user, assignment=task, uploads=[upload("tea.pdf", PDF)])
    address = f"/teach/grading/{made.pk}/"
    log_in(page, live_site, alice, address)
    for points, reason in (("4", ""), ("9", "Looked again")):
        page.get_by_label("Points of 10").fill(points)
        if reason:
            page.get_by_label("Why the grade changes").fill(reason)
        page.get_by_role("button", name="Grade and go on").click()
        expect(page.get_by_text("Nothing waits for you")).to_be_visible()
        page.goto(live_site + address)
    assert_accessible(page)
    page.get_by_role("button", name="Back to this one").click()
    expect(page.get_by_text("The grade is back to 4.")).to_be_visible()
    history = page.get_by_role("region", name="History").get_by_role("listitem")
    expect(history).to_have_count(3)
    expect(history.nth(0)).to_contain_text("Back to the grade of")
    expect(history.nth(1)).to_contain_text("Looked again")
    made.refresh_from_db()
    assert made.grade == 4
