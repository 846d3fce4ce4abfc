"""Processes of the site beside a test, on the database and in the folder of that test."""

import os
import time
from collections.abc import Callable
from pathlib import Path

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


def wait_until(what: Callable[[], bool], said: str) -> None:
    """Wait until something holds; raise AssertionError, with what was waited for, when it never does."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert time.monotonic() < until, said
        time.sleep(0.1)
