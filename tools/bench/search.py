"""Time of a search among 10,000 courses, compared with the first page of the catalog."""

import statistics
import time
from collections.abc import Iterator

from django.db import connection
from django.test import Client

from courses.models import Course
from courses.search import search_courses
from tools.bench.figures import Figure
from tools.bench.world import World, bearer_headers
from tools.demo.sized import Size, load_sized

COURSES = 10_000
TIMES = 40
WARM = 4
PLAIN = "/api/v1/courses/?ordering=newest"
# From two words that few courses contain to a prefix that a sixth of the courses contain.
WORDS = ("knots craft", "knots", "teachers", "tea")
INDEX = "courses_course_search"


def measure(world: World) -> Iterator[Figure]:
    """Yield the time of each search over that of a plain page; raise RuntimeError if the index isn't used."""
    missing = COURSES - Course.objects.count()
    if missing > 0:
        load_sized(Size(courses=missing, students=1, enrollments=1, lessons=1))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE courses_course")
    plan = search_courses(Course.objects.published(), WORDS[1]).explain()
    if INDEX not in plan:
        raise RuntimeError(f"The search does not use its index:\n{plan}")
    client = Client(headers=bearer_headers(world.student))
    for words in WORDS:
        plain_ms, found_ms = _medians(client, PLAIN, f"/api/v1/courses/?search={words.replace(' ', '+')}")
        number = search_courses(Course.objects.published(), words).count()
        notes = f"{number} found; {found_ms:.0f} ms, a plain page {plain_ms:.0f} ms"
        what = f"“{words}” among {COURSES} courses"
        yield Figure("Search", what, found_ms / plain_ms, "pages", 2, more_is_better=False, notes=notes)


def _medians(client: Client, *addresses: str) -> list[float]:
    """Return the median milliseconds of each address, requested in rotation, so that load affects all equally."""
    waits: dict[str, list[float]] = {address: [] for address in addresses}
    for _time in range(TIMES + WARM):
        for address in addresses:
            started = time.perf_counter()
            answer = client.get(address)
            waits[address].append((time.perf_counter() - started) * 1000)
            if answer.status_code != 200:
                raise RuntimeError(f"{address} answered {answer.status_code}")
    return [statistics.median(waits[address][WARM:]) for address in addresses]
