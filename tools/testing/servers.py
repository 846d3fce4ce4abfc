"""Commands of the site's processes, and functions that run one beside a test, an experiment or a benchmark.

The commands are those of docker-compose.yml, with addresses and ports of this machine.
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

from lms.environment import SOCKET_OPTIONS
from tools.ports import HOST

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 240  # long enough for a busy machine
GRACE_SECONDS = 40  # gunicorn lets running requests finish for 30
Process = subprocess.Popen[bytes]


def pages_command(
    port: int, application: str = "lms.wsgi", *, workers: int = 2, options: tuple[str, ...] = ()
) -> list[str]:
    """Return the gunicorn command that serves pages and API."""
    bound = ["--bind", f"{HOST}:{port}", "--workers", str(workers), "--log-level", "error"]
    return ["gunicorn", application, *bound, *options]


def sockets_command(port: int, application: str = "lms.asgi:application") -> list[str]:
    """Return the uvicorn command that serves WebSockets."""
    command = ["uvicorn", application, "--host", HOST, "--port", str(port), "--log-level", "error"]
    for name, value in SOCKET_OPTIONS.items():
        command += ["--" + name.replace("_", "-"), str(value).lower()]
    return command


def worker_command(*queues: str, concurrency: int = 2, imports: str = "") -> list[str]:
    """Return the command of a Celery worker of these queues; `imports` is a module to load in addition."""
    command = ["celery", "--quiet", "-A", "lms", "worker", "-c", str(concurrency), "-Q", ",".join(queues)]
    return [*command, "--loglevel", "error", *(["-I", imports] if imports else [])]


def beat_command(schedule: str) -> list[str]:
    """Return the command of Celery beat; `schedule` is the path of its schedule file."""
    return ["celery", "--quiet", "-A", "lms", "beat", "--schedule", schedule, "--pidfile=", "--loglevel", "error"]


@contextmanager
def run_module(module: list[str], given: Mapping[str, str] | None = None) -> Iterator[Process]:
    """Run a Python module in a new process group, with the environment `given` or this process's; yield it.

    At the end of the block it gets SIGTERM and time to finish; then the whole group is killed.
    """
    with run_command([sys.executable, "-m", *module], given) as process:
        yield process


@contextmanager
def run_command(command: list[str], given: Mapping[str, str] | None = None) -> Iterator[Process]:
    """Run any program as `run_module` runs a Python module."""
    process = subprocess.Popen(command, env=given or os.environ, cwd=ROOT, start_new_session=True)
    try:
        yield process
    finally:
        stop(process)


def stop(process: Process) -> None:
    """Terminate a process, wait up to GRACE_SECONDS, and kill the rest of its group."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=GRACE_SECONDS)
    kill(process)


def kill(process: Process) -> None:
    """Kill every process of the group at once, like the kernel's OOM killer."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(address: str, process: Process | None = None) -> None:
    """Wait until `address` answers with any status below 500.

    Raises RuntimeError after START_SECONDS, or as soon as `process` has ended.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and (process is None or process.poll() is None):
        with suppress(httpx.TransportError):
            if httpx.get(address, timeout=5).status_code < httpx.codes.INTERNAL_SERVER_ERROR:
                return
        time.sleep(0.1)
    raise RuntimeError(f"{address} did not answer within {START_SECONDS} s")
