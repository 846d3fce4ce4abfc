"""A page whose network goes away says so, and takes it back when it comes again."""

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_page_says_while_there_is_no_network(page: Page, live_site: str) -> None:
    page.goto(live_site)
    notice = page.get_by_text("You are offline.")
    expect(notice).to_be_hidden()
    page.context.set_offline(True)
    expect(notice).to_be_visible()
    page.context.set_offline(False)
    expect(notice).to_be_hidden()
