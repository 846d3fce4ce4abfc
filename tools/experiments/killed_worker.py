"""Experiment 6: a Celery worker is killed ten times while it renders 100 certificates.

`python -m tools.testing.engines python -m tools.experiments killed_worker` starts all processes and prints the figures.
The exit code is 0 if every certificate was rendered and every mail was sent exactly once.
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
from core.mail.delivery import list_saved_messages, read_message
from enrollments.models import Enrollment, Source
from tools.testing.plugin import make_course

CERTIFICATES = 100
KILLS = 10
TIMEOUT_SECONDS = 600  # a certificate that is missing then counts as lost
JOB_INTERVAL_SECONDS = 10  # between two runs of the periodic job
QUEUES = ("documents", "mail", "default")


def start_worker() -> subprocess.Popen[bytes]:
    """Start a worker with two processes in a new process group."""
    command = [sys.executable, "-m", "celery", "-A", "lms.celery", "worker", "-c", "2", "-Q", ",".join(QUEUES)]
    log = (settings.DATA_DIR / "worker.log").open("ab")
    return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)  # noqa: S603  # a constant command


def kill(worker: subprocess.Popen[bytes]) -> None:
    """Kill a worker and its child processes at once, like the kernel's OOM killer."""
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def issue_certificates() -> None:
    """Issue the certificates of 100 students, which queues their tasks in the broker."""
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
    # Old enough for the periodic job, which therefore competes with the queued tasks.
    Certificate.objects.update(issued_at=now - timedelta(minutes=10))


def wait_until_rendered(count: int, deadline: float) -> None:
    """Wait until `count` certificates are rendered, and run the periodic job meanwhile, as beat would."""
    next_run = time.monotonic() + JOB_INTERVAL_SECONDS
    while Certificate.objects.exclude(pdf="").count() < count and time.monotonic() < deadline:
        time.sleep(0.05)
        if time.monotonic() > next_run:
            next_run += JOB_INTERVAL_SECONDS
            render_pending()


def wait_until_idle(deadline: float) -> None:
    """Wait until no certificate is unfinished and all queues are empty."""
    broker = Redis.from_url(settings.CELERY_BROKER_URL)
    next_run = time.monotonic() + JOB_INTERVAL_SECONDS
    while time.monotonic() < deadline:
        if not Certificate.objects.unfinished().exists() and not any(broker.llen(queue) for queue in QUEUES):
            return
        time.sleep(0.2)
        if time.monotonic() > next_run:
            next_run += JOB_INTERVAL_SECONDS
            render_pending()


def main() -> int:
    """Run the experiment; return 0 if the invariant held."""
    call_command("migrate", verbosity=0)
    issue_certificates()
    rng = random.Random(6)  # noqa: S311  # chooses the times of the kills
    begun = time.monotonic()
    deadline = begun + TIMEOUT_SECONDS
    worker = start_worker()
    for number in range(1, KILLS + 1):
        wait_until_rendered(number * CERTIFICATES // (KILLS + 2), deadline)
        time.sleep(rng.uniform(0, 0.4))
        kill(worker)
        worker = start_worker()
    wait_until_idle(deadline)
    seconds = time.monotonic() - begun
    kill(worker)
    mails = Counter(str(read_message(path)["To"]) for path in list_saved_messages())
    torn = mails.pop("None", 0)  # incomplete files of killed processes: mails that were not sent
    files = len(list(Path(settings.MEDIA_ROOT, "certificates").iterdir()))
    printed = Certificate.objects.exclude(pdf="").count()
    repeated = sum(count - 1 for count in mails.values())
    print(f"certificates {printed}, files {files}, {seconds:.0f} s")
    print(f"mails {len(mails)}, repeated {repeated}, incomplete after a kill and sent again {torn}")
    return 0 if (printed, files, len(mails), repeated) == (CERTIFICATES, CERTIFICATES, CERTIFICATES, 0) else 1
