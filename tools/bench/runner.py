"""Runs the benchmarks and writes docs/benchmarks.md."""

import sys
from collections.abc import Callable, Iterator

from django.conf import settings
from django.core.management import call_command

from tools.bench import (
    analytics,
    classroom,
    classroom_sqlite,
    documents,
    enumeration,
    fan_out,
    large_files,
    logins,
    pages,
    quizzes,
    search,
)
from tools.bench.figures import Figure, report
from tools.bench.stack import fill_yard, serve
from tools.bench.world import World, build_world

REPORT = settings.BASE_DIR / "docs" / "benchmarks.md"
PARTS = (
    "pages",
    "quizzes",
    "classroom",
    "classroom_sqlite",
    "logins",
    "enumeration",
    "documents",
    "large_files",
    "analytics",
    "fan_out",
    "search",
)


def run(parts: list[str], *, quick: bool) -> int:
    """Run the named parts, or all of them; return 1 if a figure is below its floor.

    Without `quick`, each figure is written to docs/benchmarks.md at once and replaces its earlier value, so that the
    failure of one part loses no figures of others.
    """
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    world = build_world(quick)
    found: list[Figure] = []
    for figure in _measure_parts(parts or list(PARTS), world, quick=quick):
        sys.stdout.write(figure.line() + "\n")
        sys.stdout.flush()
        found.append(figure)
        if not quick:
            REPORT.write_text(report(figure, REPORT.read_text() if REPORT.exists() else ""))
    return 0 if all(figure.holds for figure in found) else 1


def _measure_parts(parts: list[str], world: World, *, quick: bool) -> Iterator[Figure]:
    """Yield the figures of the named parts, with site and yardstick running."""
    session = fill_yard()
    with serve("lms.wsgi") as site, serve("tools.bench.yard.wsgi") as yard:
        measurements: dict[str, Callable[[], Iterator[Figure]]] = {
            "pages": lambda: pages.measure(site, yard, session, world),
            "quizzes": lambda: quizzes.measure(site, yard, session, world),
            "classroom": lambda: classroom.measure(site, world),
            "classroom_sqlite": classroom_sqlite.measure,
            "logins": lambda: logins.measure(world),
            "enumeration": lambda: enumeration.measure(site, world),
            "documents": lambda: documents.measure(site, world),
            "large_files": large_files.measure,
            "analytics": analytics.measure,
            "fan_out": lambda: fan_out.measure(quick=quick),
            "search": lambda: search.measure(world),  # last, because it adds courses
        }
        for name in parts:
            yield from measurements[name]()
