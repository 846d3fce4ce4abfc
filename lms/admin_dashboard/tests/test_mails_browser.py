"""Browser tests for the preview of mail texts under the Content-Security-Policy of the page."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from core.models import MailWording
from lms.tests.test_learning_room_browser import log_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_mail_text_can_be_previewed_as_html_and_text_before_saving(page: Page, live_site: str, dan: User) -> None:
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if "Security Policy" in message.text else None)
    log_in(page, live_site, dan, "/admin/mails/enrolled/en/")
    frame = page.frame_locator("iframe[name=preview]")
    expect(frame.get_by_role("heading", name="Welcome to A working introduction to SQL")).to_be_visible()
    page.get_by_label("Subject").fill("Welcome to {course}")
    page.get_by_label("Text").fill("Dear {name},\n\nit begins.")
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(frame.get_by_role("heading", name="Welcome to A working introduction to SQL")).to_be_visible()
    expect(frame.get_by_role("link", name="Start the course")).to_be_visible()
    page.get_by_role("button", name="Preview as text").click()
    expect(frame.get_by_text("Dear Maya")).to_be_visible()
    assert not MailWording.objects.exists()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. The text applies from the next email on.")).to_be_visible()
    page.get_by_role("button", name="Restore default").click()
    expect(page.get_by_label("Subject")).to_have_value("Welcome to {course}")
    assert refused == []
