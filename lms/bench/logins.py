"""G9: what a login costs beside its hash, and what a storm of logins does to those who read."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
from django.contrib.auth.hashers import check_password
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from lms.bench.figures import Figure
from lms.bench.load import Target, rate_of
from lms.bench.world import PASSWORD, World

TIMES = 30
STORM_SECONDS = 8
STORM_CLIENTS = 8
HEADERS = {"X-Forwarded-Proto": "https"}


def figures(site: str, world: World) -> Iterator[Figure]:
    """Yield what a login takes beyond its hash, its statements, how many go through, and who waits for them."""
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
    yield from _storm(site, body)


def _median_ms(act: Callable[[], object]) -> float:
    """Return the median of 30 calls in milliseconds, after a first one that does not count."""
    waits = []
    for _time in range(TIMES + 1):
        started = time.perf_counter()
        act()
        waits.append((time.perf_counter() - started) * 1000)
    return statistics.median(waits[1:])


def _storm(site: str, body: dict[str, str]) -> Iterator[Figure]:
    """Yield how many logins a second go through from eight clients, and the catalogue's p95 then over its idle one."""
    catalogue = Target(f"{site}/courses/", HEADERS)
    idle = rate_of(catalogue, seconds=4)
    end = threading.Event()

    def log_in(_number: int) -> int:
        done = 0
        with httpx.Client(headers=HEADERS, timeout=60) as client:
            while not end.is_set():
                done += client.post(f"{site}/api/v1/auth/token", json=body).is_success
        return done

    with ThreadPoolExecutor(STORM_CLIENTS) as pool:
        started = time.perf_counter()
        storm = pool.map(log_in, range(STORM_CLIENTS))
        time.sleep(STORM_SECONDS)
        end.set()
        per_second = sum(storm) / (time.perf_counter() - started)
        yield Figure("G9", "logins from eight clients", per_second, "a second", 8, 10)
        end.clear()
        storm = pool.map(log_in, range(STORM_CLIENTS))
        busy = rate_of(catalogue, seconds=STORM_SECONDS)
        end.set()
        list(storm)
    ratio = busy.p95_ms / idle.p95_ms
    notes = f"p95 {idle.p95_ms:.0f} ms idle, {busy.p95_ms:.0f} ms in the storm"
    yield Figure("G9", "catalogue's p95 in a login storm", ratio, "idle", 5, 3, more_is_better=False, notes=notes)
