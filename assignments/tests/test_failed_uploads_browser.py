"""Browser tests of failed uploads: the form shows the error and can be submitted again with the chosen files."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from accounts.models import User
from assignments.models import Submission
from assignments.tests.samples import write_assignment
from courses.models import Course
from enrollments import services as enrollments
from files.tests.samples import PDF
from tools.testing.browser import assert_accessible, log_in, run_in_thread

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def assignment_page(page: Page, live_site: str, bob: User, course: Course) -> Page:
    """Open the assignment page as Bob and enter a text."""
    run_in_thread(lambda: enrollments.enroll(actor=bob, user=bob, course=course))
    task = write_assignment(course, allowed_file_types=["pdf"])
    log_in(page, live_site, bob, f"/learn/tea/assignments/{task.pk}/")
    page.get_by_label("Your text").fill("I brewed it.")
    return page


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    """Create a file of an accepted type."""
    made = tmp_path / "pot.pdf"
    made.write_bytes(PDF)
    return made


def submit_form(page: Page) -> None:
    """Click the submit button."""
    page.get_by_role("button", name="Submit").click()


def assert_submitted(page: Page) -> None:
    """Assert that one version with the accepted file was submitted."""
    expect(page.get_by_text("Version 1 submitted.")).to_be_visible()
    submission = Submission.objects.get()
    assert (submission.content, [row.file.original_filename for row in submission.files.all()]) == (
        "I brewed it.",
        ["pot.pdf"],
    )


def intercept_first_post(answer: Callable[[Route], None]) -> Callable[[Route], None]:
    """Return a route handler that passes the first POST to `answer` and continues all other requests."""
    posts: list[str] = []

    def handle(route: Route) -> None:
        if route.request.method == "POST" and not route.request.url.endswith("/draft/") and not posts:
            posts.append(route.request.url)
            answer(route)
        else:
            route.continue_()

    return handle


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("setup.exe", b"MZ", "“setup.exe”: This assignment accepts: pdf."),
        ("fake.pdf", b"no PDF", "“fake.pdf”: "),
        ("large.pdf", PDF + b"\0" * 21_000_000, "“large.pdf”: This file is too large. The limit is 20 MB."),
    ],
)
def test_a_rejected_file_is_named_and_other_files_stay_selected(
    assignment_page: Page, tmp_path: Path, pdf: Path, name: str, content: bytes, reason: str
) -> None:
    page, refused = assignment_page, tmp_path / name
    refused.write_bytes(content)
    page.get_by_label("Files").set_input_files([pdf, refused])
    submit_form(page)
    summary = page.get_by_role("alert").filter(has_text="There is a problem")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text(reason)
    expect(page.get_by_label("Files")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#id_file_error")).to_contain_text(reason)
    assert_accessible(page)
    summary.get_by_role("link", name="Files").click()
    expect(page.get_by_label("Files")).to_be_focused()
    page.get_by_role("button", name=f"Remove {name}").click()
    submit_form(page)
    assert_submitted(page)


@pytest.mark.parametrize(
    "answer",
    [lambda route: route.fulfill(status=500, body="<h1>No</h1>"), lambda route: route.abort("connectionreset")],
    ids=["server error", "connection lost"],
)
def test_a_failed_upload_can_be_submitted_again(
    assignment_page: Page, pdf: Path, answer: Callable[[Route], None]
) -> None:
    page = assignment_page
    page.route("**/*", intercept_first_post(answer))
    page.get_by_label("Files").set_input_files(pdf)
    submit_form(page)
    summary = page.get_by_role("alert").filter(has_text="There is a problem")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("your work was not submitted. Try again.")
    submit_form(page)
    assert_submitted(page)


def test_a_canceled_upload_can_be_submitted_again(assignment_page: Page, pdf: Path) -> None:
    page = assignment_page
    page.route("**/*", intercept_first_post(lambda _route: None))  # never answered
    page.get_by_label("Files").set_input_files(pdf)
    submit_form(page)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status").filter(has_text="your work was not submitted")).to_be_visible()
    submit_form(page)
    assert_submitted(page)


@pytest.mark.parametrize(
    "answer",
    [lambda route: route.abort("aborted"), lambda route: route.fulfill(status=204)],
    ids=["stopped", "no content"],
)
def test_a_stopped_navigation_can_be_submitted_again(assignment_page: Page, answer: Callable[[Route], None]) -> None:
    page = assignment_page
    page.clock.install()
    page.route("**/*", intercept_first_post(answer))
    submit_form(page)
    expect(page.locator("form[data-sent] button[aria-busy]")).to_be_visible()
    page.clock.fast_forward(15_000)
    submit_form(page)
    expect(page.get_by_text("Version 1 submitted.")).to_be_visible()


def test_the_form_is_enabled_after_going_back_to_it(assignment_page: Page, pdf: Path) -> None:
    page = assignment_page
    page.get_by_label("Files").set_input_files(pdf)
    submit_form(page)
    assert_submitted(page)
    page.get_by_role("link", name="Grades", exact=True).first.click()
    page.wait_for_url("**/grades/**")
    page.go_back()
    expect(page.get_by_role("button", name="Submit")).to_be_enabled()
    page.get_by_label("Your text").fill("Again.")
    page.get_by_label("Files").set_input_files(pdf)
    submit_form(page)
    expect(page.get_by_text("Version 2 submitted.")).to_be_visible()


def test_leaving_the_page_after_an_upload_needs_no_confirmation(assignment_page: Page, pdf: Path) -> None:
    page = assignment_page
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.type), dialog.accept()))
    page.get_by_label("Files").set_input_files(pdf)
    submit_form(page)
    assert_submitted(page)
    assert dialogs == []
