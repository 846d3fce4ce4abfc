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

from lms.lib.configuration import SOCKET_OPTIONS

WORKERS = 4
THREADS = 8
START_SECONDS = 240


@contextmanager
def serving(application: str = "lms.wsgi", workers: int = WORKERS) -> Iterator[str]:
    """Serve `application` by gunicorn on a free port, in so many processes of eight threads; yield its address.

    Tasks run at once in the process that asks, so that their effects can be counted without waiting for a worker.
    """
    port = _free_port()
    command = [
        sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}", "--workers", str(workers),
        "--threads", str(THREADS), "--backlog", "512", "--log-level", "error",
    ]  # fmt: skip
    with _running(command, port) as address:
        yield address


@contextmanager
def serving_sockets() -> Iterator[str]:
    """Serve WebSockets by uvicorn on a free port, in one process as docker-compose.yml does; yield its address."""
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", "lms.asgi:application", "--port", str(port), "--log-level", "error"]
    for name, value in SOCKET_OPTIONS.items():
        command += ["--" + name.replace("_", "-"), str(value).lower()]
    with _running(command, port) as address:
        yield address


@contextmanager
def _running(command: list[str], port: int) -> Iterator[str]:
    """Run a server until it is not needed any more; yield its address."""
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
        process.wait(timeout=30)


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
