"""Words of a mail in a browser: looked at in a frame, with the page's strict policy, before anything is saved."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from lms.platform.models import MailWording
from lms.tests.test_learning_browser import log_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_mail_is_looked_at_as_html_and_text_before_it_is_saved(page: Page, live_site: str, dan: User) -> None:
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if "Security Policy" in message.text else None)
    log_in(page, live_site, dan, "/admin/mails/enrolled/en/")
    frame = page.frame_locator("iframe[name=preview]")
    expect(frame.get_by_role("heading", name="You are in: A working introduction to SQL")).to_be_visible()
    page.get_by_label("Subject").fill("Welcome to {course}")
    page.get_by_label("Text").fill("Dear {name},\n\nit begins.")
    page.get_by_role("button", name="Look at it", exact=True).click()
    expect(frame.get_by_role("heading", name="Welcome to A working introduction to SQL")).to_be_visible()
    expect(frame.get_by_role("link", name="Begin with the first lesson")).to_be_visible()
    page.get_by_role("button", name="Look at it as text").click()
    expect(frame.get_by_text("Dear Maya")).to_be_visible()
    assert not MailWording.objects.exists()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. The next mail of this kind says so.")).to_be_visible()
    page.get_by_role("button", name="Back to what it came with").click()
    expect(page.get_by_label("Subject")).to_have_value("You are in: {course}")
    assert refused == []
