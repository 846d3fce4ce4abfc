"""In a browser: after an upload fails, the form says why and can be sent again with the files that are still chosen."""

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
from lms.testing.browsing import assert_accessible, elsewhere, log_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def hand_in_page(page: Page, live_site: str, bob: User, course: Course) -> Page:
    """The page where Bob hands in."""
    elsewhere(lambda: enrollments.enroll(actor=bob, user=bob, course=course))
    task = write_assignment(course, allowed_file_types=["pdf"])
    log_in(page, live_site, bob, f"/learn/tea/assignments/{task.pk}/")
    page.get_by_label("Your text").fill("I brewed it.")
    return page


@pytest.fixture
def pdf(tmp_path: Path) -> Path:
    """A file that is accepted."""
    made = tmp_path / "pot.pdf"
    made.write_bytes(PDF)
    return made


def hand_in(page: Page) -> None:
    """Press the button."""
    page.get_by_role("button", name="Hand in").click()


def assert_handed_in(page: Page) -> None:
    """Check that a version with the one accepted file was taken."""
    expect(page.get_by_text("Version 1 is handed in")).to_be_visible()
    made = Submission.objects.get()
    assert (made.content, [one.file.original_filename for one in made.files.all()]) == ("I brewed it.", ["pot.pdf"])


def once(answer: Callable[[Route], None]) -> Callable[[Route], None]:
    """Return a handler that answers the first POST, and lets every other request through."""
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
        ("setup.exe", b"MZ", "“setup.exe”: This assignment takes: pdf."),
        ("fake.pdf", b"no PDF", "“fake.pdf”: "),
        ("large.pdf", PDF + b"\0" * 21_000_000, "“large.pdf”: The largest file that fits here has 20 MB."),
    ],
)
def test_a_refused_file_is_named_by_its_field_and_the_others_stay_chosen(
    hand_in_page: Page, tmp_path: Path, pdf: Path, name: str, content: bytes, reason: str
) -> None:
    page, refused = hand_in_page, tmp_path / name
    refused.write_bytes(content)
    page.get_by_label("Files").set_input_files([pdf, refused])
    hand_in(page)
    summary = page.get_by_role("alert").filter(has_text="There is a problem")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text(reason)
    expect(page.get_by_label("Files")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#id_file_error")).to_contain_text(reason)
    assert_accessible(page)
    summary.get_by_role("link", name="Files").click()
    expect(page.get_by_label("Files")).to_be_focused()
    page.get_by_role("button", name=f"Remove {name}").click()
    hand_in(page)
    assert_handed_in(page)


@pytest.mark.parametrize(
    "answer",
    [lambda route: route.fulfill(status=500, body="<h1>No</h1>"), lambda route: route.abort("connectionreset")],
    ids=["server error", "connection lost"],
)
def test_an_upload_that_failed_on_the_way_is_sent_again_by_the_button(
    hand_in_page: Page, pdf: Path, answer: Callable[[Route], None]
) -> None:
    page = hand_in_page
    page.route("**/*", once(answer))
    page.get_by_label("Files").set_input_files(pdf)
    hand_in(page)
    summary = page.get_by_role("alert").filter(has_text="There is a problem")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("Nothing was handed in; try again.")
    hand_in(page)
    assert_handed_in(page)


def test_a_cancelled_upload_is_sent_again_by_the_button(hand_in_page: Page, pdf: Path) -> None:
    page = hand_in_page
    page.route("**/*", once(lambda _route: None))  # never answered
    page.get_by_label("Files").set_input_files(pdf)
    hand_in(page)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("status").filter(has_text="Nothing was handed in")).to_be_visible()
    hand_in(page)
    assert_handed_in(page)


@pytest.mark.parametrize(
    "answer",
    [lambda route: route.abort("aborted"), lambda route: route.fulfill(status=204)],
    ids=["stopped", "no content"],
)
def test_a_form_whose_page_was_not_left_is_sent_again_by_the_button(
    hand_in_page: Page, answer: Callable[[Route], None]
) -> None:
    page = hand_in_page
    page.clock.install()
    page.route("**/*", once(answer))
    hand_in(page)
    expect(page.locator("form[data-sent] button[aria-busy]")).to_be_visible()
    page.clock.fast_forward(15_000)
    hand_in(page)
    expect(page.get_by_text("Version 1 is handed in")).to_be_visible()


def test_going_back_to_a_form_that_was_sent_finds_a_live_button(hand_in_page: Page, pdf: Path) -> None:
    page = hand_in_page
    page.get_by_label("Files").set_input_files(pdf)
    hand_in(page)
    assert_handed_in(page)
    page.get_by_role("link", name="Grades", exact=True).first.click()
    page.wait_for_url("**/grades/**")
    page.go_back()
    expect(page.get_by_role("button", name="Hand in")).to_be_enabled()
    page.get_by_label("Your text").fill("Again.")
    page.get_by_label("Files").set_input_files(pdf)
    hand_in(page)
    expect(page.get_by_text("Version 2 is handed in")).to_be_visible()


def test_leaving_after_an_upload_does_not_ask_for_confirmation(hand_in_page: Page, pdf: Path) -> None:
    page = hand_in_page
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.type), dialog.accept()))
    page.get_by_label("Files").set_input_files(pdf)
    hand_in(page)
    assert_handed_in(page)
    assert dialogs == []
