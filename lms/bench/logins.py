"""G9: what a login costs beside its hash, and what a storm of logins does to those who read."""

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
from lms.bench.figures import Figure
from lms.bench.load import Target, rate_of
from lms.bench.stack import serving
from lms.bench.world import PASSWORD, World

TIMES = 30
STORM_SECONDS = 8
STORM_CLIENTS = 8
AS_THE_IMAGE = ("--workers", "4", "--threads", "4")
# What it is called, how many logins a second, and floor and goal of the catalogue's p95 over its idle one.
STORMS: tuple[tuple[str, float | None, tuple[float | None, float | None]], ...] = (
    ("at ten logins a second", 10, (5, 3)),
    ("at twenty logins a second", 20, (None, None)),
    ("in a login storm", None, (5, 3)),
)
HEADERS = {"X-Forwarded-Proto": "https"}


def figures(world: World) -> Iterator[Figure]:
    """Yield what a login takes beyond its hash, its statements, how many go through, and who waits for them; served as
    the image serves, since threads are what lets a page pass a login."""
    with serving("lms.wsgi", *AS_THE_IMAGE) as site:
        yield from _figures(site, world)


def _figures(site: str, world: World) -> Iterator[Figure]:
    body = {"email": world.student.email, "password": PASSWORD}
    hashing = _median_ms(lambda: check_password(PASSWORD, world.student.password))
    with httpx.Client(headers=HEADERS) as client:
        whole = _median_ms(lambda: client.post(f"{site}/api/v1/auth/token", json=body).raise_for_status())
    notes = f"{whole:.0f} ms, of which the hash {hashing:.0f} ms"
    yield Figure("G9", "login beyond its hash", whole - hashing, "ms", 30, more_is_better=False, notes=notes)
    api = Client(headers=HEADERS)
    with CaptureQueriesContext(connection) as captured:
        api.post("/api/v1/auth/token", body, content_type="application/json")
    asked = [query["sql"] for query in captured.captured_queries if query["sql"] not in ("BEGIN", "COMMIT")]
    yield Figure("G9", "login: statements", len(asked), "SQL", 10, more_is_better=False)
    yield from _storm(site, [_person(number) for number in range(STORM_CLIENTS)])


def _person(number: int) -> User:
    """Return somebody new: one account would lock itself, tried by so many at once."""
    return User.objects.create_user(f"storm{number}@example.com", PASSWORD, full_name=f"Early Bird {number}")


def _median_ms(act: Callable[[], object]) -> float:
    """Return the median of 30 calls in milliseconds, after a first one that does not count."""
    waits = []
    for _time in range(TIMES + 1):
        started = time.perf_counter()
        act()
        waits.append((time.perf_counter() - started) * 1000)
    return statistics.median(waits[1:])


def _storm(site: str, people: list[User]) -> Iterator[Figure]:
    """Yield how many logins a second go through from eight people at once, and the catalogue's p95 over its idle one:
    at the ten a second that the bar names, at twice that, and while the eight log in without a pause."""
    catalogue = Target(f"{site}/courses/", HEADERS)
    idle = rate_of(catalogue, seconds=4)
    with _logging_in(site, people) as storm:
        time.sleep(STORM_SECONDS)
    yield Figure("G9", "logins from eight clients", storm.per_second, "a second", 8, 10)
    for what, rate, bars in STORMS:
        with _logging_in(site, people, rate) as storm:
            busy = rate_of(catalogue, seconds=STORM_SECONDS)
        ratio = busy.p95_ms / idle.p95_ms
        notes = f"p95 {idle.p95_ms:.0f} ms idle, {busy.p95_ms:.0f} ms then; {storm.per_second:.1f} logins a second"
        yield Figure("G9", f"catalogue's p95 {what}", ratio, "idle", *bars, more_is_better=False, notes=notes)


@dataclass
class Storm:
    """What came of the logins: known once they have ended."""

    per_second: float = 0


@contextmanager
def _logging_in(site: str, people: list[User], per_second: float | None = None) -> Iterator[Storm]:
    """Have each of these people log in again and again: together so many times a second, or without a pause."""
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
