"""G9: cost of a login beyond its password hash, and latency of the catalog during many logins."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import httpx
from django.contrib.auth.hashers import check_password
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tools.bench.figures import Figure
from tools.bench.load import Target, measure_rate
from tools.bench.stack import serve
from tools.bench.world import PASSWORD, World

TIMES = 30
STORM_SECONDS = 8
STORM_CLIENTS = 8
AS_THE_IMAGE = ("--workers", "4", "--threads", "4")
# Name, logins per second (None for no pause), and floor and goal of the catalog's p95 over its idle p95.
STORMS: tuple[tuple[str, float | None, tuple[float | None, float | None]], ...] = (
    ("at ten logins a second", 10, (5, 3)),
    ("at twenty logins a second", 20, (None, None)),
    ("in a login storm", None, (5, 3)),
)
HEADERS = {"X-Forwarded-Proto": "https"}


def measure(world: World) -> Iterator[Figure]:
    """Yield the cost and statements of a login, the login rate, and the latency of the catalog during logins.

    The site is served with the workers and threads of the image, because threads let a page overtake a login.
    """
    with serve("lms.wsgi", *AS_THE_IMAGE) as site:
        yield from _measure_site(site, world)


def _measure_site(site: str, world: World) -> Iterator[Figure]:
    body = {"email": world.student.email, "password": PASSWORD}
    hashing = _median_ms(lambda: check_password(PASSWORD, world.student.password))
    with httpx.Client(headers=HEADERS) as client:
        total = _median_ms(lambda: client.post(f"{site}/api/v1/auth/token", json=body).raise_for_status())
    notes = f"{total:.0f} ms, of which the hash {hashing:.0f} ms"
    yield Figure("G9", "login beyond its hash", total - hashing, "ms", 30, more_is_better=False, notes=notes)
    api = Client(headers=HEADERS)
    with CaptureQueriesContext(connection) as captured:
        api.post("/api/v1/auth/token", body, content_type="application/json")
    statements = [query["sql"] for query in captured.captured_queries if query["sql"] not in ("BEGIN", "COMMIT")]
    yield Figure("G9", "login: statements", len(statements), "SQL", 10, more_is_better=False)
    yield from _measure_storms(site, [_create_user(number) for number in range(STORM_CLIENTS)])


def _create_user(number: int) -> User:
    """Create a user; logins of a single account at this rate would lock it."""
    return User.objects.create_user(f"storm{number}@example.com", PASSWORD, full_name=f"Early Bird {number}")


def _median_ms(act: Callable[[], object]) -> float:
    """Return the median of 30 calls in milliseconds, without the first call."""
    waits = []
    for _time in range(TIMES + 1):
        started = time.perf_counter()
        act()
        waits.append((time.perf_counter() - started) * 1000)
    return statistics.median(waits[1:])


def _measure_storms(site: str, people: list[User]) -> Iterator[Figure]:
    """Yield the login rate of eight clients, and the catalog's p95 over its idle p95.

    The p95 is measured at ten logins a second (the rate of the goal), at twenty, and with logins without a pause.
    """
    catalog = Target(f"{site}/courses/", HEADERS)
    idle = measure_rate(catalog, seconds=4)
    with _log_in_repeatedly(site, people) as storm:
        time.sleep(STORM_SECONDS)
    yield Figure("G9", "logins from eight clients", storm.per_second, "a second", 8, 10)
    for what, rate, bars in STORMS:
        with _log_in_repeatedly(site, people, rate) as storm:
            busy = measure_rate(catalog, seconds=STORM_SECONDS)
        ratio = busy.p95_ms / idle.p95_ms
        notes = f"p95 {idle.p95_ms:.0f} ms idle, {busy.p95_ms:.0f} ms then; {storm.per_second:.1f} logins a second"
        yield Figure("G9", f"p95 of the catalog {what}", ratio, "idle", *bars, more_is_better=False, notes=notes)


@dataclass
class Storm:
    """The measured login rate, set when the logins have ended."""

    per_second: float = 0


@contextmanager
def _log_in_repeatedly(site: str, people: list[User], per_second: float | None = None) -> Iterator[Storm]:
    """Log the users in repeatedly within the block, `per_second` times in total or without a pause."""
    end, storm = threading.Event(), Storm()

    def log_in(number: int) -> int:
        body = {"email": people[number].email, "password": PASSWORD}
        next_at, done = time.perf_counter() + (number / per_second if per_second else 0), 0
        with httpx.Client(headers=HEADERS, timeout=60) as client:
            while not end.wait(max(0, next_at - time.perf_counter())):
                done += client.post(f"{site}/api/v1/auth/token", json=body).is_success
                next_at += len(people) / per_second if per_second else 0
        return done

    with ThreadPoolExecutor(len(people)) as pool:
        started = time.perf_counter()
        logins = pool.map(log_in, range(len(people)))
        try:
            yield storm
        finally:
            end.set()
        storm.per_second = sum(logins) / (time.perf_counter() - started)
