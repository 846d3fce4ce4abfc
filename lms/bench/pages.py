"""G1, G2, G3, G7 and the page of G8: pages and lists by rate, statements and weight."""

import sys
from collections.abc import Iterator

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from lms.bench.figures import Figure
from lms.bench.load import LoadError, Target, bracketed, rate_of
from lms.bench.world import World, bearer_headers, browser_headers


def figures(site: str, yard: str, yard_session: str, world: World) -> Iterator[Figure]:
    """Yield the figures of pages and lists."""
    session = {"Cookie": f"sessionid={yard_session}"}
    y2a, y3a = Target(f"{yard}/cards/", session), Target(f"{yard}/list/", session)
    yield Figure("Y2a", "page of 20 cards, with session and user", rate_of(y2a).per_second, "a second")
    yield Figure("Y3a", "DRF list of 20, with session and user", rate_of(y3a).per_second, "a second")
    yield from _page(site, y2a, "G1", "catalogue, a visitor", "/courses/", None, (0.8, 1.5), 6)
    yield from _unchanged(site, y2a)
    yield from _page(site, y2a, "G2", "dashboard with 20 enrolments", "/dashboard/", world.student, (0.3, 0.5), 15)
    course = f"/courses/{world.long_course.slug}/"
    yield from _page(site, y2a, "G3", "course page as a student, 67 lessons", course, world.student, (0.2, 0.35), 15)
    book = f"/teach/courses/{world.graded_course.slug}/gradebook/"
    yield from _page(site, y2a, "G8", "gradebook, 50 students by 50 items", book, world.teacher, (0.15, None), 20)
    yield from _list(site, y3a, "public list of courses", "/api/v1/courses/", None, (0.8, 1.3))
    yield from _list(site, y3a, "own enrolments", "/api/v1/enrollments/", world.student, (0.6, 0.8))
    yield from _list(site, y3a, "notifications", "/api/v1/notifications/", world.student, (0.6, 0.8))


def _page(
    site: str, yardstick: Target, row: str, what: str, path: str, user: User | None, bars: tuple[float, float | None],
    most_statements: int,
) -> Iterator[Figure]:  # fmt: skip
    """Yield a page's rate over the yardstick's, its statements, and its weight before compression."""
    yield from compared(row, what, Target(site + path, browser_headers(user)), yardstick, "Y2a", bars)
    statements, size = cost_of(path, user)
    yield Figure(row, f"{what}: statements", statements, "SQL", most_statements, more_is_better=False)
    yield Figure(row, f"{what}: weight", size / 1000, "kB", notes="before compression")


def _unchanged(site: str, yardstick: Target) -> Iterator[Figure]:
    """Yield the rate at which a visitor who has the catalogue is told that it has not changed."""
    tag = Client().get("/courses/", headers={"X-Forwarded-Proto": "https"}).headers["ETag"]
    target = Target(f"{site}/courses/", {**browser_headers(None), "If-None-Match": tag})
    yield from compared("G1", "catalogue, unchanged since (304)", target, yardstick, "Y2a", (0.8, 3))


def compared(
    row: str, what: str, target: Target, yardstick: Target, unit: str, bars: tuple[float, float | None]
) -> Iterator[Figure]:
    """Yield a rate over its yardstick's; none, and a line that says so, where the machine was too busy to say."""
    try:
        pair = bracketed(target, yardstick)
    except LoadError as error:
        sys.stderr.write(f"{row} {what}: {error}\n")
        return
    notes = f"{pair.ours.per_second:.0f} a second, p95 {pair.ours.p95_ms:.0f} ms"
    yield Figure(row, what, pair.ratio, unit, bars[0], bars[1], notes=notes)


def _list(
    site: str, yardstick: Target, what: str, path: str, user: User | None, bars: tuple[float, float]
) -> Iterator[Figure]:
    """Yield a list's rate over the yardstick's, and its statements."""
    headers = bearer_headers(user) if user else browser_headers(None)
    yield from compared("G7", f"API, {what}", Target(site + path, headers), yardstick, "Y3a", bars)
    statements, _size = cost_of(path, None, headers)
    yield Figure("G7", f"API, {what}: statements", statements, "SQL", 6, more_is_better=False)


def cost_of(path: str, user: User | None, headers: dict[str, str] | None = None) -> tuple[int, int]:
    """Return the statements and the bytes of a warm request."""
    client = Client(headers=headers or browser_headers(user))
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(path)
    return len(captured), len(answer.content)
