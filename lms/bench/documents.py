"""G8's file and G11: the gradebook as CSV, and a certificate as PDF."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import segno
from django.conf import settings
from django.utils import timezone
from weasyprint import HTML
from weasyprint.text.fonts import FontConfiguration

from certificates import pdf, signing
from certificates.models import Certificate
from certificates.services import generate
from enrollments.models import Enrollment, LessonProgress
from instructors.gradebook import as_rows
from lms.bench.figures import Figure
from lms.bench.load import Target, rate_of
from lms.bench.world import World
from lms.lib.spreadsheets import csv_lines

TIMES = 15
BATCH = 500
BATCH_SECONDS = 300  # until what is not printed counts as lost
# Y5: one landscape page with a frame, six lines and a QR code; what any certificate needs at the least.
PLAIN = """<html lang="en"><title>A certificate</title>
<style>
  @page {{ size: A4 landscape; margin: 8mm }}
  body {{ font-family: "DejaVu Sans"; margin: 0; height: 170mm; padding-top: 18mm; position: relative;
          border: 2mm solid; text-align: center }}
  h1 {{ margin: 0; font-size: 34pt }} p {{ margin: 8mm 0; font-size: 16pt }} .name {{ font: bold 26pt "DejaVu Sans" }}
  img {{ position: absolute; right: 12mm; bottom: 10mm; width: 34mm }}
</style>
<h1>A certificate</h1><p>This says that</p><p class="name">{name}</p><p>has completed the course</p>
<p>A course with a long title, forty hours, grade 92 %</p><p>Issued on 4 May 2026, number {name}</p>
<img src="{code}">
</html>"""


def figures(site: str, world: World) -> Iterator[Figure]:
    """Yield what the CSV and a PDF take, and what a batch of PDFs does to those who read."""
    started = time.perf_counter()
    lines = sum(1 for _line in csv_lines(as_rows(world.graded_course)))
    seconds = time.perf_counter() - started
    notes = f"{lines - 2} students by 50 items"
    yield Figure("G8", "gradebook as CSV", seconds, "s", 2, 1, more_is_better=False, notes=notes)
    yield from _certificate(world)
    yield from _batch(site, world)


def _certificate(world: World) -> Iterator[Figure]:
    """Yield what drawing a certificate takes over a plain page, and what the signature adds."""
    certificate = _issued(world)
    shared = FontConfiguration()
    plain = _median_ms(lambda: HTML(string=_plain(certificate)).write_pdf(font_config=shared))
    drawn = _median_ms(lambda: pdf.render(certificate, issuer="Campus", template=None))
    unsigned = pdf.render(certificate, issuer="Campus", template=None)
    signed = _median_ms(lambda: signing.sign(unsigned, reason="Certificate"))
    notes = f"{drawn:.0f} ms, a plain page {plain:.0f} ms; the signature adds {signed:.0f} ms"
    yield Figure("G11", "certificate as PDF", drawn / plain, "Y5", 1.5, 1.2, more_is_better=False, notes=notes)


def _batch(site: str, world: World) -> Iterator[Figure]:
    """Yield the catalogue's p95 while a worker prints the certificates of a whole class, over its p95 before."""
    catalogue = Target(f"{site}/courses/", {"X-Forwarded-Proto": "https"})
    quiet = rate_of(catalogue)
    pending = Certificate.objects.filter(pdf="")
    for enrollment in _completed(world, BATCH):
        generate(actor=enrollment.user, enrollment=enrollment)
    started, waiting = time.perf_counter(), pending.count()
    with _printing():
        while pending.count() == waiting:
            time.sleep(0.1)
        busy = rate_of(catalogue)
        left = pending.count()
        while pending.exists() and time.perf_counter() - started < BATCH_SECONDS:
            time.sleep(0.5)
    seconds = time.perf_counter() - started
    notes = f"p95 {quiet.p95_ms:.0f} ms before, {busy.p95_ms:.0f} ms meanwhile; {waiting} printed in {seconds:.0f} s"
    if not left:  # the batch was over before the measurement was
        notes += "; too short to tell"
    what = f"catalogue's p95 while {BATCH} certificates are printed"
    yield Figure("G11", what, busy.p95_ms / quiet.p95_ms, "before", 3, more_is_better=False, notes=notes)


@contextmanager
def _printing() -> Iterator[None]:
    """Run a worker of one process, as docs/operations.md starts it. Ends it by its process id."""
    command = [sys.executable, "-m", "celery", "-A", "lms.celery", "worker", "-c", "1", "-Q", "default,mail,documents"]
    environment = {**os.environ, "LOG_LEVEL": "ERROR"}
    worker = subprocess.Popen(  # noqa: S603  # our own command
        command, env=environment, cwd=settings.BASE_DIR, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(timeout=60)


def _completed(world: World, how_many: int) -> list[Enrollment]:
    """Complete the course for so many, and return their enrolments."""
    waiting = Enrollment.objects.filter(completed_at=None, course=world.graded_course)[:how_many]
    Enrollment.objects.filter(pk__in=list(waiting.values_list("pk", flat=True))).update(completed_at=timezone.now())
    done = Enrollment.objects.filter(course=world.graded_course, certificate=None).exclude(completed_at=None)
    return list(done.select_related("course__instructor", "user"))


def _plain(certificate: Certificate) -> str:
    """Return the yardstick's page, with a code for as long an address as the certificate has."""
    code = segno.make(certificate.verify_url, error="m", micro=False).svg_data_uri()
    return PLAIN.format(name=certificate.student_name, code=code)


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
