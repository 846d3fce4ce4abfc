"""Account pages in a browser: registration, second factor, sessions, data export."""

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
    page.get_by_label("Email").fill("new@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Log in").click()
    page.wait_for_url("**/login/code/")


def give_code(page: Page, code: str) -> None:
    page.get_by_label("Code").fill(code)
    page.get_by_role("main").get_by_role("button", name="Log in").click()


def scanned(page: Page) -> tuple[str, dict[str, list[str]]]:
    """Return the label and the parameters of the QR code on the page."""
    picture = Image.open(io.BytesIO(page.locator("img.qr").screenshot()))
    (code,) = zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormat.QRCode)  # other formats are misreadings
    address = urlsplit(code.text)
    assert (address.scheme, address.netloc) == ("otpauth", "totp")
    return address.path, parse_qs(address.query)


def link_in_newest_mail(page: Page, site: str) -> str:
    """Open the newest email in the development mailbox; return the URL in it."""
    page.goto(f"{site}/dev/mail/")
    page.get_by_role("main").get_by_role("link").first.click()
    return re.search(r"http\S+\?token=\S+", page.locator(".mail-text").inner_text()).group()


@pytest.fixture
def kept_mail(settings: Any) -> None:
    """Store emails in the development mailbox."""
    settings.EMAIL_BACKEND = "core.mail.delivery.FolderBackend"


@pytest.mark.quality("A05")
@pytest.mark.quality("A06")
def test_register_enable_two_factor_and_end_another_login(
    page: Page, browser: Browser, live_site: str, kept_mail: None
) -> None:
    page.goto(f"{live_site}/account/register/")
    page.get_by_label("Full name").fill("New Person")
    page.get_by_label("Email").fill("new@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    page.wait_for_url("**/dashboard/")
    page.goto(link_in_newest_mail(page, live_site))
    page.get_by_role("button", name="Confirm email address").click()
    page.get_by_text("email address is confirmed").wait_for()
    assert User.objects.get().email_verified_at is not None

    page.goto(f"{live_site}/account/security/")
    page.get_by_role("button", name="Set up authenticator app").click()
    page.locator("img.qr").wait_for()
    account, parts = scanned(page)
    assert unquote(account).endswith(":new@example.com")
    page.get_by_text("Can't scan the code?").click()
    assert page.locator("[data-secret]").inner_text() == parts["secret"][0]
    secret = base64.b32decode(parts["secret"][0])
    page.get_by_label("Code").fill(f"{totp(secret, drift=-1):06}")
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_role("button", name="Turn on").click()
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
    third.get_by_text("This code is incorrect or was already used.").wait_for()

    page.goto(f"{live_site}/account/security/")
    page.get_by_text("9 recovery codes left").wait_for()
    assert page.get_by_text("This browser").count() == 1
    others = page.locator("tr").filter(has=page.get_by_role("button", name="Log out"))
    others.first.get_by_role("button", name="Log out").click()
    page.get_by_text("The device was logged out.").wait_for()
    other.goto(f"{live_site}/dashboard/")
    assert "/account/login/" in other.url
    page.goto(f"{live_site}/dashboard/")
    assert page.url == f"{live_site}/dashboard/"
    third.context.close()
    other.context.close()


def log_out(page: Page, site: str) -> None:
    """Log out through the user menu."""
    page.goto(f"{site}/dashboard/")
    page.locator("details.menu summary").click()
    page.locator("details.menu").get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{site}/")
    page.goto(f"{site}/dashboard/")
    page.wait_for_url("**/account/login/**")


def test_a_user_exports_and_downloads_their_data(
    page: Page, live_site: str, bob: User, kept_mail: None, browser_of: Callable[[User], Any]
) -> None:
    session = browser_of(bob).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_site}])
    page.goto(f"{live_site}/account/security/")
    page.get_by_role("button", name="Export my data").click()
    page.get_by_text("Your export is available until").wait_for()
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download data").click()
    assert waiting.value.suggested_filename == "my-data.zip"
    address = link_in_newest_mail(page, live_site)
    with page.expect_download() as waiting:
        page.evaluate("address => { window.location = address }", address)
    assert waiting.value.suggested_filename == "my-data.zip"


def test_the_login_page_shows_the_password(page: Page, live_site: str) -> None:
    page.goto(f"{live_site}/account/login/")
    password = page.get_by_label("Password")
    password.fill(PASSWORD)
    button = page.get_by_role("button", name="Show password")
    for kind, pressed in (("text", "true"), ("password", "false")):
        button.click()
        assert (password.get_attribute("type"), button.get_attribute("aria-pressed")) == (kind, pressed)
    button.click()
    page.evaluate("document.forms[0].addEventListener('submit', event => event.preventDefault())")
    page.locator("form[data-once] .form-actions button").click()
    assert password.get_attribute("type") == "password"
