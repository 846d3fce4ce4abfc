"""G8's file and G11: the gradebook as CSV, and a certificate as PDF."""

import statistics
import time
from collections.abc import Callable, Iterator

from weasyprint import HTML
from weasyprint.text.fonts import FontConfiguration

from certificates import pdf, signing
from certificates.models import Certificate
from certificates.services import generate
from enrollments.models import Enrollment, LessonProgress
from instructors.gradebook import as_rows
from lms.bench.figures import Figure
from lms.bench.world import World
from lms.lib.spreadsheets import csv_lines

TIMES = 15
# Y5: one landscape page with a frame, five lines and a drawing; what any certificate needs at the least.
PLAIN = """<html lang="en">
<style>@page {{ size: A4 landscape; margin: 15mm }} body {{ border: 2mm solid; text-align: center }}</style>
<body>
<h1>Certificate</h1><p>This says that</p><h2>{name}</h2><p>has completed</p><h2>A long course</h2>
<svg width="120" height="120"><path d="{path}"/></svg>
</body></html>"""


def figures(world: World) -> Iterator[Figure]:
    """Yield what the CSV and a PDF take."""
    started = time.perf_counter()
    lines = sum(1 for _line in csv_lines(as_rows(world.graded_course)))
    seconds = time.perf_counter() - started
    notes = f"{lines - 2} students by 50 items"
    yield Figure("G8", "gradebook as CSV", seconds, "s", 2, 1, more_is_better=False, notes=notes)
    yield from _certificate(world)


def _certificate(world: World) -> Iterator[Figure]:
    """Yield what drawing a certificate takes over a plain page, and what the signature adds."""
    certificate = _issued(world)
    shared, path = FontConfiguration(), "".join(f"M{x} {y}h2v2h-2z" for x in range(0, 60, 3) for y in range(0, 60, 3))
    plain = _median_ms(lambda: HTML(string=PLAIN.format(name="Stu Dent", path=path)).write_pdf(font_config=shared))
    drawn = _median_ms(lambda: pdf.render(certificate, issuer="Campus", template=None))
    unsigned = pdf.render(certificate, issuer="Campus", template=None)
    signed = _median_ms(lambda: signing.sign(unsigned, reason="Certificate"))
    notes = f"{drawn:.0f} ms, a plain page {plain:.0f} ms; the signature adds {signed:.0f} ms"
    yield Figure("G11", "certificate as PDF", drawn / plain, "Y5", 1.5, 1.2, more_is_better=False, notes=notes)


def _issued(world: World) -> Certificate:
    """Return a certificate of somebody who has completed a course."""
    enrollment = Enrollment.objects.filter(completed_at=None, course=world.graded_course).first()
    assert enrollment is not None  # noqa: S101  # the world has a thousand
    lesson = world.graded_course.lessons.get()
    LessonProgress.objects.create(enrollment=enrollment, lesson=lesson, completed_at=enrollment.enrolled_at)
    Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=enrollment.enrolled_at)
    enrollment.refresh_from_db()
    certificate, _created = generate(actor=enrollment.user, enrollment=enrollment)
    return certificate


def _median_ms(act: Callable[[], object]) -> float:
    """Return the median of 15 calls in milliseconds, after two that warm the fonts."""
    waits = []
    for _time in range(TIMES + 2):
        started = time.perf_counter()
        act()
        waits.append((time.perf_counter() - started) * 1000)
    return statistics.median(waits[2:])
