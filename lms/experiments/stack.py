"""The site in processes of its own, for one experiment."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from django.conf import settings

WORKERS = 4
THREADS = 8
START_SECONDS = 240  # on a machine that does other things, too


@contextmanager
def serving(application: str = "lms.wsgi") -> Iterator[str]:
    """Serve `application` by gunicorn on a free port, in four processes of eight threads; yield its address.

    Tasks run at once in the process that asks, so that their effects can be counted without waiting for a worker.
    """
    port = _free_port()
    command = [
        sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}", "--workers", str(WORKERS),
        "--threads", str(THREADS), "--backlog", "512", "--log-level", "error",
    ]  # fmt: skip
    environment = {
        **os.environ,
        "CELERY_TASK_ALWAYS_EAGER": "1",
        "LOG_LEVEL": "ERROR",
        "DATA_DIR": str(settings.DATA_DIR),
    }
    process = subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR)  # noqa: S603  # our own command
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_for(address)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{address}/livez").status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise RuntimeError(f"{address} did not start within {START_SECONDS} s")
