"""What browser tests share: a session without the login form, work outside the browser's thread, and axe."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from django.test import Client
from playwright.sync_api import Page

from accounts.models import User


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


def assert_accessible(page: Page) -> None:
    """Check that axe finds nothing on the page as it is."""
    found = Axe().run(page).response["violations"]
    wrong = [(problem["id"], [node["html"] for node in problem["nodes"]]) for problem in found]
    assert wrong == [], page.url
