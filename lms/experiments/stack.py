"""The site in processes of its own, for one experiment."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import httpx
from django.conf import settings

from lms.lib.configuration import SOCKET_OPTIONS

WORKERS = 4
THREADS = 8
START_SECONDS = 240  # on a machine that has much else to do


@dataclass
class Site:
    """The processes that answer at an address."""

    address: str
    process: "subprocess.Popen[bytes]"

    def kill(self) -> None:
        """Kill every process of it at once, as the kernel does when memory runs out."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def serving(application: str = "lms.wsgi", workers: int = WORKERS) -> Iterator[str]:
    """Serve `application` by gunicorn on a free port, in so many processes of eight threads; yield its address."""
    with running(application, workers) as site:
        yield site.address


@contextmanager
def running(application: str = "lms.wsgi", workers: int = WORKERS) -> Iterator[Site]:
    """Serve `application` as `serving` does; yield the site, which may be killed.

    Tasks run at once in the process that asks, so that their effects can be counted without waiting for a worker.
    """
    port = _free_port()
    command = [
        sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}", "--workers", str(workers),
        "--threads", str(THREADS), "--backlog", "512", "--log-level", "error",
        "--preload",
    ]  # fmt: skip
    with _process(command, CELERY_TASK_ALWAYS_EAGER="1") as process:
        yield Site(_ready(port), process)


@contextmanager
def serving_sockets() -> Iterator[str]:
    """Serve WebSockets by uvicorn on a free port, in one process as docker-compose.yml does; yield its address."""
    port = _free_port()
    command = [sys.executable, "-m", "uvicorn", "lms.asgi:application", "--port", str(port), "--log-level", "error"]
    for name, value in SOCKET_OPTIONS.items():
        command += ["--" + name.replace("_", "-"), str(value).lower()]
    with _process(command, CELERY_TASK_ALWAYS_EAGER="1"):
        yield _ready(port)


@contextmanager
def running_as_shipped() -> Iterator[Site]:
    """Serve the site as a checkout does: one process for everything, the periodic jobs included; yield it."""
    port = _free_port()
    with _process([sys.executable, "manage.py", "start", "--port", str(port)], DEMO="0") as process:
        yield Site(_ready(port), process)


@contextmanager
def working() -> Iterator[None]:
    """Run a worker, and the beat that gives it the periodic jobs."""
    celery = [sys.executable, "-m", "celery", "--quiet", "-A", "lms"]
    worker = [*celery, "worker", "-c", "2", "-Q", "default,mail,documents", "--loglevel", "error"]
    beat = [*celery, "beat", "--schedule", str(settings.DATA_DIR / "beat"), "--pidfile=", "--loglevel", "error"]
    with _process(worker, CELERY_TASK_ALWAYS_EAGER="0"), _process(beat, CELERY_TASK_ALWAYS_EAGER="0"):
        yield


@contextmanager
def _process(command: list[str], **environment: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command of ours in a group of its own; end it with the block, if it has not ended."""
    given = {**os.environ, "LOG_LEVEL": "ERROR", "DATA_DIR": str(settings.DATA_DIR), **environment}
    process = subprocess.Popen(command, env=given, cwd=settings.BASE_DIR, start_new_session=True)  # noqa: S603  # our own command
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=START_SECONDS)


def _ready(port: int) -> str:
    """Return the address on this machine that answers at `port`, once it does."""
    address = f"http://127.0.0.1:{port}"
    _wait_for(address)
    return address


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
