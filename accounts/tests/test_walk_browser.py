"""The way of somebody who takes care of their account, in a browser."""

import base64
import io
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import zxingcpp
from django_otp.oath import totp
from PIL import Image
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


def scanned(page: Page) -> tuple[str, dict[str, list[str]]]:
    """Return what a phone reads off the QR code on the page: whose account it is, and the parts of the address."""
    picture = Image.open(io.BytesIO(page.locator("img.qr").screenshot()))
    (code,) = zxingcpp.read_barcodes(picture)
    address = urlsplit(code.text)
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    return address.path, parse_qs(address.query)


def link_in_newest_mail(page: Page, site: str) -> str:
    """Open the newest mail as a person does in a development start; return the address that it shows."""
    page.goto(f"{site}/dev/mail/")
    page.get_by_role("main").get_by_role("link").first.click()
    return re.search(r"http\S+\?token=\S+", page.locator(".mail-text").inner_text()).group()


@pytest.fixture
def kept_mail(settings: Any) -> None:
    """Mail goes where a development start keeps it."""
    settings.EMAIL_BACKEND = "lms.lib.mail.FolderBackend"


@pytest.mark.quality("A05")
@pytest.mark.quality("A06")
def test_register_confirm_turn_on_the_second_factor_and_end_another_login(
    page: Page, browser: Browser, live_site: str, kept_mail: None
) -> None:
    page.goto(f"{live_site}/account/register/")
    page.get_by_label("Your name").fill("New Person")
    page.get_by_label("E-mail").fill("new@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    page.wait_for_url("**/dashboard/")
    page.goto(link_in_newest_mail(page, live_site))
    page.get_by_role("button", name="Confirm my address").click()
    page.get_by_text("your address is confirmed").wait_for()
    assert User.objects.get().email_verified_at is not None

    page.goto(f"{live_site}/account/security/")
    page.get_by_role("button", name="Use an authenticator app").click()
    page.locator("img.qr").wait_for()
    account, parts = scanned(page)
    assert unquote(account).endswith(":new@example.com")
    page.get_by_text("I cannot scan it").click()
    assert page.locator("[data-secret]").inner_text() == parts["secret"][0]
    secret = base64.b32decode(parts["secret"][0])
    page.get_by_label("Code").fill(f"{totp(secret, drift=-1):06}")
    page.get_by_role("button", name="Turn it on").click()
    page.locator(".recovery-codes").wait_for()
    recovery = page.locator(".recovery-codes li").first.inner_text()
    log_out(page, live_site)

    log_in(page, live_site)
    give_code(page, f"{totp(secret):06}")
    page.wait_for_url("**/dashboard/")
    other = browser.new_context().new_page()
    log_in(other, live_site)
    give_code(other, recovery)
    other.wait_for_url("**/dashboard/")
    third = browser.new_context().new_page()
    log_in(third, live_site)
    give_code(third, recovery)
    third.get_by_text("That code is not right, or was used before.").wait_for()

    page.goto(f"{live_site}/account/security/")
    page.get_by_text("9 recovery codes are left.").wait_for()
    assert page.get_by_text("This browser").count() == 1
    others = page.locator("tr").filter(has=page.get_by_role("button", name="Log out"))
    others.first.get_by_role("button", name="Log out").click()
    page.get_by_text("That device is logged out.").wait_for()
    other.goto(f"{live_site}/dashboard/")
    assert "/account/login/" in other.url
    page.goto(f"{live_site}/dashboard/")
    assert page.url == f"{live_site}/dashboard/"
    third.context.close()
    other.context.close()


def log_out(page: Page, site: str) -> None:
    """Log out by the menu of one's name, as everybody does."""
    page.goto(f"{site}/dashboard/")
    page.locator("details.menu summary").click()
    page.locator("details.menu").get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{site}/")
    page.goto(f"{site}/dashboard/")
    page.wait_for_url("**/account/login/**")


def test_ones_data_is_packed_and_fetched(
    page: Page, live_site: str, bob: User, kept_mail: None, browser_of: Callable[[User], Any]
) -> None:
    session = browser_of(bob).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_site}])
    page.goto(f"{live_site}/account/security/")
    page.get_by_role("button", name="Pack my data").click()
    page.get_by_text("Your data is packed, and waits for you until").wait_for()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download my data").click()
    assert waiting.value.suggested_filename == "my-data.zip"
    address = link_in_newest_mail(page, live_site)
    with page.expect_download() as waiting:
        page.evaluate("address => { window.location = address }", address)
    assert waiting.value.suggested_filename == "my-data.zip"
