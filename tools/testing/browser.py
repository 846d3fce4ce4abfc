"""Helpers of the browser tests: sessions without the login form, separate browsers, threads and axe."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from django.test import Client
from playwright.sync_api import Page

from accounts.models import User
from tools.testing.live import launch_browser


def run_in_thread(act: Callable[[], Any]) -> Any:
    """Run `act` in another thread and return its result.

    Playwright's event loop runs in the test's thread, and `async_to_sync` needs a thread without a running loop.
    """

    def run() -> Any:
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def log_in(page: Page, site: str, user: User, address: str = "") -> None:
    """Log `user` in by a session cookie, then open `address` unless it is empty."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
    if address:
        page.goto(site + address)


@contextmanager
def open_page(site: str, user: User | None, *options: str, **context: Any) -> Iterator[Page]:
    """Yield a page of a new browser in which `user` is logged in, or a visitor's page for None.

    `options` are command-line options of Chromium, `context` the arguments of Playwright's `new_context()`.
    """
    with launch_browser(*options) as browser:
        page = browser.new_context(**context).new_page()
        if user is not None:
            log_in(page, site, user)
        yield page


def assert_accessible(page: Page) -> None:
    """Raise AssertionError if axe finds a violation on the page in its present state."""
    found = Axe().run(page).response["violations"]
    wrong = [(problem["id"], [node["html"] for node in problem["nodes"]]) for problem in found]
    assert wrong == [], page.url
