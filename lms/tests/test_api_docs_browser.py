"""Swagger UI and Redoc in a browser, under the site's Content-Security-Policy (quality row V17)."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import ConsoleMessage, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.quality("V17")]


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("docs", "#api-docs .opblock-summary-path[data-path='/api/v1/admin/users']"),
        ("redoc", "#api-docs [id='tag/courses'] h1, #api-docs [id='tag/courses'] h2"),
    ],
)
def test_the_page_lists_operations_and_stays_within_the_policy(
    page: Page, live_site: str, path: str, operation: str
) -> None:
    errors: list[str] = []
    hosts: set[str] = set()

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            errors.append(f"{message.text} {message.location}")

    page.on("console", note)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", lambda request: hosts.add(urlsplit(request.url).netloc))
    page.goto(f"{live_site}/api/v1/{path}/")
    expect(page.locator(operation).first).to_be_visible(timeout=60_000)
    expect(page.locator("body")).to_contain_text(re.compile("enrollments"))
    assert "\n".join(errors) == ""
    assert hosts - {""} == {urlsplit(live_site).netloc}


def test_redoc_is_styled(page: Page, live_site: str) -> None:
    page.goto(f"{live_site}/api/v1/redoc/")
    menu = page.locator("#api-docs .menu-content")
    expect(menu).to_be_visible(timeout=60_000)
    assert menu.evaluate("element => getComputedStyle(element).position") == "sticky"
