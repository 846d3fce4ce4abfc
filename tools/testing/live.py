"""Fixtures of browser tests: the site with its sockets on a free port, a Chromium, and a page."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import uvicorn
from django.db import connections
from playwright.sync_api import Browser, Page, sync_playwright

from lms.asgi import application
from lms.environment import SOCKET_OPTIONS
from tools.system import BROWSER_OPTIONS, find_chromium


@contextmanager
def launch_browser(*options: str) -> Iterator[Browser]:
    """Run a Chromium with these command-line options in addition to the usual ones; yield it.

    Playwright runs an event loop in this thread, in which Django refuses synchronous queries; DJANGO_ALLOW_ASYNC_UNSAFE
    allows them while the browser runs. Code that pushes to sockets must run in another thread (`run_in_thread`).
    """
    path = find_chromium()
    assert path, "Chromium is missing. Run: make browser"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with sync_playwright() as playwright:
            instance = playwright.chromium.launch(executable_path=path, args=[*BROWSER_OPTIONS, *options])
            yield instance
            instance.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run a Chromium for one module; it ends with the module because its event loop would break other tests."""
    with launch_browser() as instance:
        yield instance


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Yield a page without cookies in a window of 1280 by 900 pixels."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture
def live_site(transactional_db: None, settings: Any) -> Iterator[str]:
    """Serve the site from a thread of this process; yield its address."""
    settings.DEBUG = True  # serves static files without collectstatic
    config = uvicorn.Config(application, host="127.0.0.1", port=0, log_level="error", lifespan="off", **SOCKET_OPTIONS)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    settings.SITE_URL = f"http://127.0.0.1:{port}"
    yield settings.SITE_URL
    server.should_exit = True
    thread.join(timeout=20)
    connections.close_all()
