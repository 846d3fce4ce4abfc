"""Processes of the benchmarks: the site and the yardsticks, each served by gunicorn with two workers."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tools.ports import HOST, free_port
from tools.testing import servers


@contextmanager
def serve(application: str, *options: str) -> Iterator[str]:
    """Serve a WSGI application with its own settings on a free port; yield its address."""
    address = f"http://{HOST}:{(port := free_port())}"
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    with servers.run_module(servers.pages_command(port, application, options=options), environment) as process:
        servers.wait_for(f"{address}/livez", process)
        yield address


def fill_yard() -> str:
    """Create and fill the database of the yardsticks; return the key of a logged-in session."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute("CREATE DATABASE yard")
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tools.bench.yard.settings"}
    command = [sys.executable, "-m", "django", "fill_yard"]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603  # a constant command
    return answer.stdout.split()[-1]
