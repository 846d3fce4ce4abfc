"""Browser tests for pages that arrive in two parts, as over a slow network: no layout shifts."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import Client

from accounts.models import User
from lms.tests.test_every_page_browser import WATCH_SHIFTS
from tools.testing.live import launch_browser

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAUSE_SECONDS = 0.5  # long enough for a browser to paint what it has
CUTS = ('<button type="submit" aria-label="Search">', '<div class="bar-actions">', '<p class="lead">', "</main>")


@contextmanager
def in_two_pieces(first: bytes, rest: bytes) -> Iterator[str]:
    """Serve a page whose second part is delayed; yield its URL."""

    class InTwoPieces(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(first) + len(rest)))
            self.end_headers()
            self.wfile.write(first)
            self.wfile.flush()
            time.sleep(PAUSE_SECONDS)
            self.wfile.write(rest)

        def log_message(self, *_args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), InTwoPieces)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def shifts(site: str, html: str, cut: str) -> list[str]:
    """Return the layout shifts of a page whose content after `cut` is delayed."""
    html = html.replace('="/static/', f'="{site}/static/')
    first, mark, rest = html.partition(cut)
    assert mark
    with in_two_pieces((first + mark).encode(), rest.encode()) as address, launch_browser() as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.add_init_script(WATCH_SHIFTS)
        page.goto(address)
        moved: list[str] = page.evaluate("window.shifted")
    return moved


@pytest.mark.parametrize("cut", CUTS)
def test_a_page_that_arrives_in_two_parts_has_no_layout_shifts(
    cut: str, live_site: str, bob: User, browser_of: Callable[[User], Client]
) -> None:
    assert shifts(live_site, browser_of(bob).get("/").text, cut) == []
