"""The browser's time zone at registration, and the question where it differs from the profile's."""

import pytest
from playwright.sync_api import expect

from accounts.models import User
from tools.testing.browser import assert_accessible, log_in, open_page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_login_takes_the_time_zone_of_the_browser(live_site: str, bob: User) -> None:
    with open_page(live_site, None, timezone_id="Asia/Tokyo") as page:
        page.goto(f"{live_site}/account/login/")
        page.get_by_label("Email").fill(bob.email)
        page.get_by_label("Password", exact=True).fill("learn-by-doing")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        page.wait_for_url("**/dashboard/")
        expect(page.locator("[data-zone-bar]")).to_be_hidden()
        bob.refresh_from_db()
        assert bob.time_zone == "Asia/Tokyo"


def test_a_different_time_zone_is_asked_about_once(live_site: str, bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(time_zone="Europe/Berlin")
    with open_page(live_site, None, timezone_id="Asia/Tokyo", viewport={"width": 390, "height": 800}) as page:
        log_in(page, live_site, bob, "/grades/")
        bar = page.locator("[data-zone-bar]")
        expect(bar).to_contain_text("time zone is Asia/Tokyo")
        assert_accessible(page)
        bar.get_by_role("button", name="Keep Europe/Berlin").click()
        expect(bar).to_be_hidden()
        page.reload()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(bar).to_be_hidden()
        page.evaluate("localStorage.clear()")
        page.reload()
        bar.get_by_role("button", name="Use Asia/Tokyo").click()
        expect(page.get_by_text("Your time zone is now Asia/Tokyo.")).to_be_visible()
        page.wait_for_url("**/grades/")
        expect(bar).to_be_hidden()
