"""Starts what is measured: the product and the yardsticks, each under gunicorn with two workers."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psycopg
from django.conf import settings

WORKERS = 2
START_SECONDS = 60


@contextmanager
def serving(application: str, *options: str) -> Iterator[str]:
    """Serve a WSGI application on a free port; yield its address. Ends it by its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS),
        "--log-level", "error", *options,
    ]  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    process = subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR)  # noqa: S603  # our own command
    try:
        _wait_for(f"127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(host: str) -> None:
    """Wait until something answers, whatever it says."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            httpx.get(f"http://{host}/livez")
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError(f"{host} did not start within {START_SECONDS} s")


def fill_yard() -> str:
    """Make the yardsticks' database beside ours, with its rows; return the key of a session that is logged in."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE DATABASE yard")
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "lms.bench.yard.settings"}
    command = [sys.executable, "-m", "django", "fill_yard"]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603  # our own command
    return answer.stdout.split()[-1]
