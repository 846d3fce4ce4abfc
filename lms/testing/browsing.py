"""What browser tests share: a session without the login form, a browser of one's own, work elsewhere, and axe."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from django.test import Client
from playwright.sync_api import Page

from accounts.models import User
from lms.testing.live import launched


def elsewhere(act: Callable[[], Any]) -> Any:
    """Run `act` in another thread: this one has the browser's loop, and a push wants one of its own."""

    def run() -> Any:
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def log_in(page: Page, site: str, user: User, address: str = "") -> None:
    """Give the browser a session of `user`; open a page of the site, where one is named."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    page.context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": site}])
    if address:
        page.goto(site + address)


@contextmanager
def visiting(site: str, user: User | None, *options: str, **context: Any) -> Iterator[Page]:
    """A page of a browser of its own, started with these options, in which `user` is logged in; of a visitor for None.
    `context` is what Playwright's `new_context` takes."""
    with launched(*options) as browser:
        page = browser.new_context(**context).new_page()
        if user is not None:
            log_in(page, site, user)
        yield page


def assert_accessible(page: Page) -> None:
    """Check that axe finds nothing on the page as it is."""
    found = Axe().run(page).response["violations"]
    wrong = [(problem["id"], [node["html"] for node in problem["nodes"]]) for problem in found]
    assert wrong == [], page.url
