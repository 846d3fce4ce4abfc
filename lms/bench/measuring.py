"""Runs the measurements, in an order that lets the page be written after each."""

import sys
from collections.abc import Callable, Iterator

from django.conf import settings
from django.core.management import call_command

from lms.bench import (
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
    searching,
)
from lms.bench.figures import Figure, report
from lms.bench.stack import fill_yard, serving
from lms.bench.world import World, build

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
    "searching",
)


def run(parts: list[str], *, quick: bool) -> int:
    """Measure the named parts, all without a name; return 1 when a floor does not hold.

    At full size each figure goes to docs/benchmarks.md at once, in the place of what stood there of the same, so that a
    part that fails takes no other with it.
    """
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    world = build(quick)
    found: list[Figure] = []
    for figure in _measured(parts or list(PARTS), world, quick=quick):
        sys.stdout.write(figure.line() + "\n")
        sys.stdout.flush()
        found.append(figure)
        if not quick:
            REPORT.write_text(report(figure, REPORT.read_text() if REPORT.exists() else ""))
    return 0 if all(figure.holds for figure in found) else 1


def _measured(parts: list[str], world: World, *, quick: bool) -> Iterator[Figure]:
    """Yield the figures of the named parts, each with what it needs running."""
    session = fill_yard()
    with serving("lms.wsgi") as site, serving("lms.bench.yard.wsgi") as yard:
        measurements: dict[str, Callable[[], Iterator[Figure]]] = {
            "pages": lambda: pages.figures(site, yard, session, world),
            "quizzes": lambda: quizzes.figures(site, yard, session, world),
            "classroom": lambda: classroom.figures(site, world),
            "classroom_sqlite": classroom_sqlite.figures,
            "logins": lambda: logins.figures(world),
            "enumeration": lambda: enumeration.figures(site, world),
            "documents": lambda: documents.figures(site, world),
            "large_files": large_files.figures,
            "analytics": analytics.figures,
            "fan_out": lambda: fan_out.figures(quick=quick),
            "searching": lambda: searching.figures(world),  # the last: it makes the school larger
        }
        for name in parts:
            yield from measurements[name]()
