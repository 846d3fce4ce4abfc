"""The way of somebody who takes care of their account, in a browser."""

import base64
import re
from typing import Any

import pytest
from django.core import mail
from django_otp.oath import totp
from playwright.sync_api import Browser, Page

from accounts.models import User

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("browser")]
PASSWORD = "a long walk home"


def log_in(page: Page, site: str) -> None:
    page.goto(f"{site}/account/login/")
    page.get_by_label("E-mail").fill("new@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    page.wait_for_url("**/login/code/")


def give_code(page: Page, code: str) -> None:
    page.get_by_label("Code").fill(code)
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    page.wait_for_url("**/dashboard/")


@pytest.mark.quality("A06")
def test_register_confirm_turn_on_the_second_factor_and_end_another_login(
    page: Page, browser: Browser, live_site: str, settings: Any
) -> None:
    page.goto(f"{live_site}/account/register/")
    page.get_by_label("Your name").fill("New Person")
    page.get_by_label("E-mail").fill("new@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    page.wait_for_url("**/dashboard/")
    page.goto(re.search(r"http\S+\?token=\S+", mail.outbox[0].body).group())
    page.get_by_role("button", name="Confirm my address").click()
    page.get_by_text("your address is confirmed").wait_for()
    assert User.objects.get().email_verified_at is not None

    page.goto(f"{live_site}/account/security/")
    page.get_by_role("button", name="Use an authenticator app").click()
    page.get_by_text("I cannot scan it").click()
    secret = base64.b32decode(page.locator("[data-secret]").inner_text())
    page.get_by_label("Code").fill(f"{totp(secret, drift=-1):06}")
    page.get_by_role("button", name="Turn it on").click()
    page.locator(".recovery-codes").wait_for()
    recovery = page.locator(".recovery-codes li").first.inner_text()
    page.context.clear_cookies()

    log_in(page, live_site)
    give_code(page, f"{totp(secret):06}")
    other = browser.new_context().new_page()
    log_in(other, live_site)
    give_code(other, recovery)
    page.goto(f"{live_site}/account/security/")
    page.get_by_text("9 recovery codes are left.").wait_for()
    page.get_by_role("button", name="Log out everywhere else").click()
    page.get_by_text("Your other devices are logged out.").wait_for()
    other.goto(f"{live_site}/dashboard/")
    assert "/account/login/" in other.url
    other.context.close()
