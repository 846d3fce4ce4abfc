"""Experiment 6 (QUALITY, "The experiments"): a Celery worker is killed ten times while it prints 100 certificates.

`python -m lms.testing.engines python -m lms.experiments killed_worker` starts everything it needs and writes the
figures; its exit code says whether every certificate and every mail came exactly once.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone
from redis import Redis

from accounts.models import Role, User
from certificates.models import Certificate
from certificates.services import generate
from certificates.tasks import render_pending
from enrollments.models import Enrollment, Source
from lms.lib.mail import kept_messages, read_message
from lms.testing.plugin import make_course

CERTIFICATES = 100
KILLS = 10
PATIENCE = 600  # seconds until what is not there counts as lost
BEAT = 10  # seconds between two runs of the periodic job
QUEUES = ("documents", "mail", "default")


def start_worker() -> subprocess.Popen[bytes]:
    """Start a worker with two processes, in a group of its own."""
    command = [sys.executable, "-m", "celery", "-A", "lms.celery", "worker", "-c", "2", "-Q", ",".join(QUEUES)]
    log = (settings.DATA_DIR / "worker.log").open("ab")
    return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)  # noqa: S603  # our own command


def kill(worker: subprocess.Popen[bytes]) -> None:
    """Kill a worker with its processes, as the kernel does when memory runs out."""
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def issue() -> None:
    """Issue the certificates of so many students; their tasks wait in the broker."""
    teacher = User.objects.create_user("teacher@example.com", None, full_name="Teacher", role=Role.INSTRUCTOR)
    course = make_course(teacher, lessons=1)
    now = timezone.now()
    students = User.objects.bulk_create(
        User(email=f"student-{number}@example.com", full_name=f"Student {number}", password="!")  # noqa: S106  # none
        for number in range(CERTIFICATES)
    )
    for student in students:
        enrollment = Enrollment.objects.create(user=student, course=course, source=Source.FREE, completed_at=now)
        generate(actor=student, enrollment=enrollment)
    # Old enough for the periodic job, which so competes with the tasks that are still on their way.
    Certificate.objects.update(issued_at=now - timedelta(minutes=10))


def wait_for(printed: int, until: float) -> None:
    """Wait until so many certificates are printed, running the periodic job as beat would."""
    beat = time.monotonic() + BEAT
    while Certificate.objects.exclude(pdf="").count() < printed and time.monotonic() < until:
        time.sleep(0.05)
        if time.monotonic() > beat:
            beat += BEAT
            render_pending()


def drain(until: float) -> None:
    """Wait until nothing is unfinished and the queues are empty."""
    broker = Redis.from_url(settings.CELERY_BROKER_URL)
    beat = time.monotonic() + BEAT
    while time.monotonic() < until:
        if not Certificate.objects.unfinished().exists() and not any(broker.llen(queue) for queue in QUEUES):
            return
        time.sleep(0.2)
        if time.monotonic() > beat:
            beat += BEAT
            render_pending()


def main() -> int:
    """Run the experiment; return 0 when the invariant held."""
    call_command("migrate", verbosity=0)
    issue()
    rng = random.Random(6)  # noqa: S311  # it chooses moments, it protects nothing
    begun = time.monotonic()
    until = begun + PATIENCE
    worker = start_worker()
    for number in range(1, KILLS + 1):
        wait_for(number * CERTIFICATES // (KILLS + 2), until)
        time.sleep(rng.uniform(0, 0.4))
        kill(worker)
        worker = start_worker()
    drain(until)
    seconds = time.monotonic() - begun
    kill(worker)
    mails = Counter(str(read_message(path)["To"]) for path in kept_messages())
    torn = mails.pop("None", 0)  # files that a killed process had not finished writing: mails that never left
    files = len(list(Path(settings.MEDIA_ROOT, "certificates").iterdir()))
    printed = Certificate.objects.exclude(pdf="").count()
    repeated = sum(count - 1 for count in mails.values())
    print(f"certificates {printed}, files {files}, {seconds:.0f} s")
    print(f"mails {len(mails)}, repeated {repeated}, torn by a kill and sent again {torn}")
    return 0 if (printed, files, len(mails), repeated) == (CERTIFICATES, CERTIFICATES, CERTIFICATES, 0) else 1
