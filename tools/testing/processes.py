"""Processes that share the database and the folders of a test."""

import os
import time
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.db import connection

TIMEOUT_SECONDS = 120


def process_environment(folder: Path, **given: str) -> dict[str, str]:
    """Return the environment of a process that shares the test's database, keys, files and mail."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    shared = {
        "DATABASE_URL": database_url(str(connection.settings_dict["NAME"])),
        "DATA_DIR": str(folder),
        "SECRET_KEY": settings.SECRET_KEY,
        "DJANGO_SETTINGS_MODULE": "lms.settings",
    }
    return inherited | shared | given


def database_url(database: str) -> str:
    """Return the DATABASE_URL of the database with this name on the test's engine."""
    if connection.vendor == "sqlite":
        return f"sqlite:///{database}"
    head, _mark, query = os.environ["DATABASE_URL"].partition("?")
    return f"{head.rpartition('/')[0]}/{database}" + (f"?{query}" if query else "")


def wait_until(condition: Callable[[], bool], message: str) -> None:
    """Wait until `condition()` is true; raise AssertionError with `message` after two minutes."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, message
        time.sleep(0.1)
