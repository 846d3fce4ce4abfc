"""The whole site, pages and sockets, on a free port of this process; and a browser to open it with."""

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
from lms.lib.configuration import SOCKET_OPTIONS
from lms.system import BROWSER_OPTIONS, chromium


@contextmanager
def launched(*options: str) -> Iterator[Browser]:
    """A Chromium of our own, started with these options beside the usual ones.

    Playwright keeps a loop running in the thread that it was started in, where Django refuses plain queries and asyncio
    a second loop. So what pushes is done before, and the refusal is lifted only while it lasts.
    """
    path = chromium()
    assert path, "There is no Chromium: make browser"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        with sync_playwright() as playwright:
            started = playwright.chromium.launch(executable_path=path, args=[*BROWSER_OPTIONS, *options])
            yield started
            started.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for the tests of one module; it ends with the module, for its loop stands in others' way."""
    with launched() as started:
        yield started


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of a fresh visitor: no cookies, a desk's width."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture
def live_site(transactional_db: None, settings: Any) -> Iterator[str]:
    """Serve the site from a thread of this process; return its address."""
    settings.DEBUG = True  # static files from where they are written
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
