"""The CSV file of G8 and G11: the gradebook as CSV, and certificates as PDF."""

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

from certificates import pdf, signature
from certificates.models import Certificate
from certificates.services import generate
from core.text.csv_files import csv_lines
from enrollments.models import Enrollment, LessonProgress
from instructors.gradebook import csv_rows
from tools.bench.figures import Figure
from tools.bench.load import Target, measure_rate
from tools.bench.world import World

TIMES = 15
BATCH = 500
BATCH_SECONDS = 300  # a certificate that isn't rendered then counts as lost
# Y5: a landscape page with a frame, six lines and a QR code, the minimum of a certificate.
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


def measure(site: str, world: World) -> Iterator[Figure]:
    """Yield the times of the CSV file and of a PDF, and the latency of the catalog while PDFs are rendered."""
    started = time.perf_counter()
    lines = sum(1 for _line in csv_lines(csv_rows(world.graded_course)))
    seconds = time.perf_counter() - started
    notes = f"{lines - 2} students by 50 items"
    yield Figure("G8", "gradebook as CSV", seconds, "s", 2, 1, more_is_better=False, notes=notes)
    yield from _measure_certificate(world)
    yield from _measure_batch(site, world)


def _measure_certificate(world: World) -> Iterator[Figure]:
    """Yield the time of rendering a certificate over that of a plain page, with the time of the signature."""
    certificate = _issue_certificate(world)
    shared = FontConfiguration()
    plain = _median_ms(lambda: HTML(string=_plain(certificate)).write_pdf(font_config=shared))
    drawn = _median_ms(lambda: pdf.render(certificate, issuer="Campus", template=None))
    unsigned = pdf.render(certificate, issuer="Campus", template=None)
    signed = _median_ms(lambda: signature.sign(unsigned, reason="Certificate"))
    notes = f"{drawn:.0f} ms, a plain page {plain:.0f} ms; the signature adds {signed:.0f} ms"
    yield Figure("G11", "certificate as PDF", drawn / plain, "Y5", 1.5, 1.2, more_is_better=False, notes=notes)


def _measure_batch(site: str, world: World) -> Iterator[Figure]:
    """Yield the p95 of the catalog while a worker renders 500 certificates, over its p95 before."""
    catalog = Target(f"{site}/courses/", {"X-Forwarded-Proto": "https"})
    quiet = measure_rate(catalog)
    pending = Certificate.objects.filter(pdf="")
    for enrollment in _complete_course(world, BATCH):
        generate(actor=enrollment.user, enrollment=enrollment)
    started, waiting = time.perf_counter(), pending.count()
    with _run_worker():
        while pending.count() == waiting:
            time.sleep(0.1)
        busy = measure_rate(catalog)
        left = pending.count()
        while pending.exists() and time.perf_counter() - started < BATCH_SECONDS:
            time.sleep(0.5)
    seconds = time.perf_counter() - started
    notes = f"p95 {quiet.p95_ms:.0f} ms before, {busy.p95_ms:.0f} ms meanwhile; {waiting} rendered in {seconds:.0f} s"
    if not left:  # the batch ended before the measurement
        notes += "; batch too short"
    what = f"p95 of the catalog while {BATCH} certificates are rendered"
    yield Figure("G11", what, busy.p95_ms / quiet.p95_ms, "before", 3, more_is_better=False, notes=notes)


@contextmanager
def _run_worker() -> Iterator[None]:
    """Run a Celery worker with one process, as in docs/operations.md."""
    command = [sys.executable, "-m", "celery", "-A", "lms.celery", "worker", "-c", "1", "-Q", "default,mail,documents"]
    environment = {**os.environ, "LOG_LEVEL": "ERROR"}
    worker = subprocess.Popen(  # noqa: S603  # a constant command
        command, env=environment, cwd=settings.BASE_DIR, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield
    finally:
        worker.terminate()
        worker.wait(timeout=60)


def _complete_course(world: World, count: int) -> list[Enrollment]:
    """Complete the course for `count` students; return their enrollments."""
    waiting = Enrollment.objects.filter(completed_at=None, course=world.graded_course)[:count]
    Enrollment.objects.filter(pk__in=list(waiting.values_list("pk", flat=True))).update(completed_at=timezone.now())
    done = Enrollment.objects.filter(course=world.graded_course, certificate=None).exclude(completed_at=None)
    return list(done.select_related("course__instructor", "user"))


def _plain(certificate: Certificate) -> str:
    """Return the HTML of the yardstick, with a QR code of the same address as the certificate's."""
    code = segno.make(certificate.verify_url, error="m", micro=False).svg_data_uri()
    return PLAIN.format(name=certificate.student_name, code=code)


def _issue_certificate(world: World) -> Certificate:
    """Complete a course for one student and return the certificate."""
    enrollment = Enrollment.objects.filter(completed_at=None, course=world.graded_course).first()
    assert enrollment is not None  # noqa: S101  # the course has a thousand students
    lesson = world.graded_course.lessons.get()
    LessonProgress.objects.create(enrollment=enrollment, lesson=lesson, completed_at=enrollment.enrolled_at)
    Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=enrollment.enrolled_at)
    enrollment.refresh_from_db()
    certificate, _created = generate(actor=enrollment.user, enrollment=enrollment)
    return certificate


def _median_ms(act: Callable[[], object]) -> float:
    """Return the median of 15 calls in milliseconds, after two calls that load the fonts."""
    waits = []
    for _time in range(TIMES + 2):
        started = time.perf_counter()
        act()
        waits.append((time.perf_counter() - started) * 1000)
    return statistics.median(waits[2:])
