"""The site in processes of its own, for one experiment."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings

from lms.lib.ports import HOST, free_port
from lms.testing import servers

WORKERS = 4
THREADS = 8
OPTIONS = ("--threads", str(THREADS), "--backlog", "512", "--preload")


@dataclass
class Site:
    """The processes that answer at an address."""

    address: str
    process: servers.Process

    def kill(self) -> None:
        """Kill every process of it at once, as the kernel does when memory runs out."""
        servers.kill(self.process)


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
    port = free_port()
    command = servers.pages(port, application, workers=workers, options=OPTIONS)
    with _site(command, port, CELERY_TASK_ALWAYS_EAGER="1") as site:
        yield site


@contextmanager
def serving_sockets() -> Iterator[str]:
    """Serve WebSockets by uvicorn on a free port, in one process as docker-compose.yml does; yield its address."""
    port = free_port()
    with _site(servers.sockets(port), port, CELERY_TASK_ALWAYS_EAGER="1") as site:
        yield site.address


@contextmanager
def running_as_shipped(**given: str) -> Iterator[Site]:
    """Serve the site as a checkout does: one process for everything, the periodic jobs included; yield it."""
    port = free_port()
    with _site(["django", "start", "--port", str(port)], port, DEMO="0", **given) as site:
        yield site


@contextmanager
def working() -> Iterator[None]:
    """Run a worker, and the beat that gives it the periodic jobs."""
    given = _environment(CELERY_TASK_ALWAYS_EAGER="0")
    beat = servers.beat(str(settings.DATA_DIR / "beat"))
    with servers.running(servers.worker("default", "mail", "documents"), given), servers.running(beat, given):
        yield


@contextmanager
def _site(command: list[str], port: int, **given: str) -> Iterator[Site]:
    """Run a command that serves at `port`; yield the site once it answers."""
    address = f"http://{HOST}:{port}"
    with servers.running(command, _environment(**given)) as process:
        servers.wait_for(f"{address}/livez", process)
        yield Site(address, process)


def _environment(**given: str) -> dict[str, str]:
    return {**os.environ, "LOG_LEVEL": "ERROR", "DATA_DIR": str(settings.DATA_DIR), **given}
