"""Processes of the site beside a test, on the database and in the folder of that test."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
from django.conf import settings
from django.db import connection

PATIENCE_SECONDS = 120


def environment(folder: Path, **given: str) -> dict[str, str]:
    """Return the environment of a process that shares this test's database, keys, files and mail."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    shared = {
        "DATABASE_URL": named(str(connection.settings_dict["NAME"])),
        "DATA_DIR": str(folder),
        "SECRET_KEY": settings.SECRET_KEY,
        "DJANGO_SETTINGS_MODULE": "lms.settings",
    }
    return inherited | shared | given


def named(database: str) -> str:
    """Return the DATABASE_URL of a database on this test's engine."""
    if connection.vendor == "sqlite":
        return f"sqlite:///{database}"
    head, _mark, query = os.environ["DATABASE_URL"].partition("?")
    return f"{head.rpartition('/')[0]}/{database}" + (f"?{query}" if query else "")


@contextmanager
def running(arguments: list[str], given: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a Python module in a group of its own; end what is left of it."""
    command = [sys.executable, "-m", *arguments]
    process = subprocess.Popen(command, env=given, cwd=settings.BASE_DIR, start_new_session=True)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(what: Callable[[], bool], said: str) -> None:
    """Wait until something holds; raise AssertionError, with what was waited for, when it never does."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < until, said
        time.sleep(0.1)


def wait_for(address: str) -> None:
    """Wait until somebody answers there."""

    def answers() -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(address, timeout=5).status_code < 500
        return False

    wait_until(answers, f"{address} never answered")
