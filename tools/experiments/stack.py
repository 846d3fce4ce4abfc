"""The site in separate processes, for experiments."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings

from tools.ports import HOST, free_port
from tools.testing import servers

WORKERS = 4
THREADS = 8
OPTIONS = ("--threads", str(THREADS), "--backlog", "512", "--preload")


@dataclass
class Site:
    """The address and the process group of a running site."""

    address: str
    process: servers.Process

    def kill(self) -> None:
        """Kill all processes of the site at once, like the kernel's OOM killer."""
        servers.kill(self.process)


@contextmanager
def serve_pages(application: str = "lms.wsgi", workers: int = WORKERS) -> Iterator[str]:
    """Serve `application` by gunicorn on a free port, with eight threads in each worker process; yield its address."""
    with run_site(application, workers) as site:
        yield site.address


@contextmanager
def run_site(application: str = "lms.wsgi", workers: int = WORKERS) -> Iterator[Site]:
    """Serve `application` like `serve_pages`; yield the site, which may be killed.

    Tasks run immediately in the calling process, so that their effects can be counted without waiting for a worker.
    """
    port = free_port()
    command = servers.pages_command(port, application, workers=workers, options=OPTIONS)
    with _run_server(command, port, CELERY_TASK_ALWAYS_EAGER="1") as site:
        yield site


@contextmanager
def serve_sockets() -> Iterator[str]:
    """Serve WebSockets by one uvicorn process on a free port, as docker-compose.yml does; yield its address."""
    port = free_port()
    with _run_server(servers.sockets_command(port), port, CELERY_TASK_ALWAYS_EAGER="1") as site:
        yield site.address


@contextmanager
def run_as_shipped(**given: str) -> Iterator[Site]:
    """Run the site like `make run`, in one process that runs the periodic jobs, too; yield it."""
    port = free_port()
    with _run_server(["django", "start", "--port", str(port)], port, DEMO="0", **given) as site:
        yield site


@contextmanager
def run_workers() -> Iterator[None]:
    """Run a Celery worker and beat."""
    given = _environment(CELERY_TASK_ALWAYS_EAGER="0")
    beat = servers.beat_command(str(settings.DATA_DIR / "beat"))
    with (
        servers.run_module(servers.worker_command("default", "mail", "documents"), given),
        servers.run_module(beat, given),
    ):
        yield


@contextmanager
def _run_server(command: list[str], port: int, **given: str) -> Iterator[Site]:
    """Run a command that serves on `port`; yield the site when it answers."""
    address = f"http://{HOST}:{port}"
    with servers.run_module(command, _environment(**given)) as process:
        servers.wait_for(f"{address}/livez", process)
        yield Site(address, process)


def _environment(**given: str) -> dict[str, str]:
    return {**os.environ, "LOG_LEVEL": "ERROR", "DATA_DIR": str(settings.DATA_DIR), **given}
