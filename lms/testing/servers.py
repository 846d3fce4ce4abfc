"""The processes that the site is made of, and how one of them is run beside a test, an experiment or a benchmark.

What each is started with is what docker-compose.yml starts it with, on this machine and on a port of its own.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

from lms.lib.configuration import SOCKET_OPTIONS
from lms.lib.ports import HOST

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 240  # on a machine that has much else to do
GRACE_SECONDS = 40  # gunicorn gives what is under way 30
Process = subprocess.Popen[bytes]


def pages(port: int, application: str = "lms.wsgi", *, workers: int = 2, options: tuple[str, ...] = ()) -> list[str]:
    """Return the command of a gunicorn that serves pages and API."""
    bound = ["--bind", f"{HOST}:{port}", "--workers", str(workers), "--log-level", "error"]
    return ["gunicorn", application, *bound, *options]


def sockets(port: int, application: str = "lms.asgi:application") -> list[str]:
    """Return the command of a uvicorn that serves WebSockets."""
    command = ["uvicorn", application, "--host", HOST, "--port", str(port), "--log-level", "error"]
    for name, value in SOCKET_OPTIONS.items():
        command += ["--" + name.replace("_", "-"), str(value).lower()]
    return command


def worker(*queues: str, concurrency: int = 2, imports: str = "") -> list[str]:
    """Return the command of a Celery worker of these queues; `imports` is a module that it loads as well."""
    command = ["celery", "--quiet", "-A", "lms", "worker", "-c", str(concurrency), "-Q", ",".join(queues)]
    return [*command, "--loglevel", "error", *(["-I", imports] if imports else [])]


def beat(schedule: str) -> list[str]:
    """Return the command of the process that gives the workers the periodic jobs; `schedule` is its file."""
    return ["celery", "--quiet", "-A", "lms", "beat", "--schedule", schedule, "--pidfile=", "--loglevel", "error"]


@contextmanager
def running(module: list[str], given: Mapping[str, str] | None = None) -> Iterator[Process]:
    """Run a Python module in a group of its own, with this environment or ours; end it with the block, politely first,
    and whatever is left of its group."""
    with running_command([sys.executable, "-m", *module], given) as process:
        yield process


@contextmanager
def running_command(command: list[str], given: Mapping[str, str] | None = None) -> Iterator[Process]:
    """Run any program as `running` runs a module."""
    process = subprocess.Popen(command, env=given or os.environ, cwd=ROOT, start_new_session=True)
    try:
        yield process
    finally:
        end(process)


def end(process: Process) -> None:
    """Ask a process to end, wait for as long as it may take, and kill what is left of its group."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=GRACE_SECONDS)
    kill(process)


def kill(process: Process) -> None:
    """Kill every process of a group at once, as the kernel does when memory runs out."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(address: str, process: Process | None = None) -> None:
    """Wait until somebody answers there, whatever but a server error; raise RuntimeError when nobody does, or as soon
    as the process has ended."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and (process is None or process.poll() is None):
        with suppress(httpx.TransportError):
            if httpx.get(address, timeout=5).status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                return
        time.sleep(0.1)
    raise RuntimeError(f"{address} did not answer within {START_SECONDS} s")
