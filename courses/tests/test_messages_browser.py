"""Browser tests of messages after a redirect to an anchor: they are shown and focused where the user is."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from courses.models import Course
from files.tests.samples import PDF, image
from tools.testing.browser import log_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", [390, 1280])
def test_a_message_after_an_upload_is_in_view_and_focused(
    page: Page, live_site: str, alice: User, course: Course, tmp_path: Path, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    (tmp_path / "notes.pdf").write_bytes(PDF)
    (tmp_path / "cup.png").write_bytes(image())
    lesson = course.lessons.first()
    log_in(page, live_site, alice, "/teach/")
    for address, anchor, name in (
        (f"/teach/courses/{course.slug}/lessons/{lesson.pk}/", "files", "notes.pdf"),
        (f"/teach/courses/{course.slug}/details/", "picture", "cup.png"),
    ):
        page.goto(f"{live_site}{address}")
        form = page.locator("form[data-upload]")
        form.locator("input[type=file]").set_input_files(tmp_path / name)
        form.get_by_role("button", name="Upload").click()
        page.wait_for_url(f"**#{anchor}")
        messages = page.locator(".messages")
        expect(messages).to_be_focused()
        expect(messages).to_be_in_viewport()
