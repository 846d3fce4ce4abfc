"""Starts what is measured: the product and the yardsticks, each under gunicorn with two workers."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from lms.lib.ports import HOST, free_port
from lms.testing import servers


@contextmanager
def serving(application: str, *options: str) -> Iterator[str]:
    """Serve a WSGI application, with the settings that it names, on a free port; yield its address."""
    address = f"http://{HOST}:{(port := free_port())}"
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    with servers.running(servers.pages(port, application, options=options), environment) as process:
        servers.wait_for(f"{address}/livez", process)
        yield address


def fill_yard() -> str:
    """Make the yardsticks' database beside ours, with its rows; return the key of a session that is logged in."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE DATABASE yard")
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "lms.bench.yard.settings"}
    command = [sys.executable, "-m", "django", "fill_yard"]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603  # our own command
    return answer.stdout.split()[-1]
