"""G1, G2, G3, G7 and the page of G8: rates, statements and sizes of pages and API lists."""

import sys
from collections.abc import Iterator

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from tools.bench.figures import Figure
from tools.bench.load import LoadError, Target, measure_pair, measure_rate
from tools.bench.world import World, bearer_headers, browser_headers


def measure(site: str, yard: str, yard_session: str, world: World) -> Iterator[Figure]:
    """Yield the figures of pages and API lists."""
    session = {"Cookie": f"sessionid={yard_session}"}
    y2a, y3a = Target(f"{yard}/cards/", session), Target(f"{yard}/list/", session)
    yield Figure("Y2a", "page of 20 cards, with session and user", measure_rate(y2a).per_second, "a second")
    yield Figure("Y3a", "DRF list of 20, with session and user", measure_rate(y3a).per_second, "a second")
    yield from _measure_page(site, y2a, "G1", "catalog, a visitor", "/courses/", None, (0.8, 1.5), 6)
    yield from _measure_not_modified(site, y2a)
    yield from _measure_page(
        site, y2a, "G2", "dashboard with 20 enrollments", "/dashboard/", world.student, (0.3, 0.5), 15
    )
    course = f"/courses/{world.long_course.slug}/"
    yield from _measure_page(
        site, y2a, "G3", "course page as a student, 67 lessons", course, world.student, (0.2, 0.35), 15
    )
    book = f"/teach/courses/{world.graded_course.slug}/gradebook/"
    yield from _measure_page(
        site, y2a, "G8", "gradebook, 50 students by 50 items", book, world.teacher, (0.15, None), 20
    )
    yield from _measure_list(site, y3a, "public list of courses", "/api/v1/courses/", None, (0.8, 1.3))
    yield from _measure_list(site, y3a, "own enrollments", "/api/v1/enrollments/", world.student, (0.6, 0.8))
    yield from _measure_list(site, y3a, "notifications", "/api/v1/notifications/", world.student, (0.6, 0.8))


def _measure_page(
    site: str, yardstick: Target, row: str, what: str, path: str, user: User | None, bars: tuple[float, float | None],
    most_statements: int,
) -> Iterator[Figure]:  # fmt: skip
    """Yield the rate of a page over the yardstick's, its statements, and its size before compression."""
    yield from compare_rates(row, what, Target(site + path, browser_headers(user)), yardstick, "Y2a", bars)
    statements, size = count_statements_and_bytes(path, user)
    yield Figure(row, f"{what}: statements", statements, "SQL", most_statements, more_is_better=False)
    yield Figure(row, f"{what}: size", size / 1000, "kB", notes="before compression")


def _measure_not_modified(site: str, yardstick: Target) -> Iterator[Figure]:
    """Yield the rate of 304 responses to a visitor who has the catalog cached."""
    tag = Client().get("/courses/", headers={"X-Forwarded-Proto": "https"}).headers["ETag"]
    target = Target(f"{site}/courses/", {**browser_headers(None), "If-None-Match": tag})
    yield from compare_rates("G1", "catalog, not modified (304)", target, yardstick, "Y2a", (0.8, 3))


def compare_rates(
    row: str, what: str, target: Target, yardstick: Target, unit: str, bars: tuple[float, float | None]
) -> Iterator[Figure]:
    """Yield a rate over the yardstick's; print an error and yield no figure if the machine was too busy."""
    try:
        pair = measure_pair(target, yardstick)
    except LoadError as error:
        sys.stderr.write(f"{row} {what}: {error}\n")
        return
    notes = f"{pair.ours.per_second:.0f} a second, p95 {pair.ours.p95_ms:.0f} ms"
    yield Figure(row, what, pair.ratio, unit, bars[0], bars[1], notes=notes)


def _measure_list(
    site: str, yardstick: Target, what: str, path: str, user: User | None, bars: tuple[float, float]
) -> Iterator[Figure]:
    """Yield the rate of an API list over the yardstick's, and its statements."""
    headers = bearer_headers(user) if user else browser_headers(None)
    yield from compare_rates("G7", f"API, {what}", Target(site + path, headers), yardstick, "Y3a", bars)
    statements, _size = count_statements_and_bytes(path, None, headers)
    yield Figure("G7", f"API, {what}: statements", statements, "SQL", 6, more_is_better=False)


def count_statements_and_bytes(path: str, user: User | None, headers: dict[str, str] | None = None) -> tuple[int, int]:
    """Return the number of statements and bytes of a request after a first one."""
    client = Client(headers=headers or browser_headers(user))
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    return len(captured), len(answer.content)
