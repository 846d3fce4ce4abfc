"""Tests for after-commit jobs and the outbox (quality row X05)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from celery import current_app
from django.core import mail
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError
from rest_framework.test import APIClient

from accounts.models import User
from core.jobs.job import Job, job
from core.models import DeferredTask
from core.tasks import send_deferred_tasks
from courses.models import Course
from enrollments import services
from enrollments.models import Enrollment

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broker_down(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make the broker unavailable; yield a function that makes it available again."""

    def refuse(*args: object, **kwargs: object) -> None:
        raise OperationalError("Connection refused")

    with monkeypatch.context() as patched:
        patched.setattr(Job, "delay", refuse)
        patched.setattr(current_app._get_current_object(), "send_task", refuse)
        yield patched.undo


def send_as_eager(name: str, args: list[object], kwargs: dict[str, object]) -> None:
    """Replacement of `send_task` that runs the task: eager mode applies to `delay` only."""
    current_app.tasks[name].apply(args=args, kwargs=kwargs, throw=True)


@pytest.mark.quality("X05")
def test_a_task_runs_after_the_commit_of_its_row(bob: User, course: Course) -> None:
    services.enroll(actor=bob, user=bob, course=course)
    assert [message.to for message in mail.outbox] == [[bob.email]]


@pytest.mark.quality("X05")
def test_a_rollback_discards_the_task(bob: User, course: Course) -> None:
    with transaction.atomic():
        services.enroll(actor=bob, user=bob, course=course)
        transaction.set_rollback(True)
    assert mail.outbox == []
    assert not DeferredTask.objects.exists()


@pytest.mark.quality("X05")
def test_without_a_broker_the_write_succeeds_and_the_task_is_deferred(
    bob: User,
    course: Course,
    api_of: Callable[[User], APIClient],
    broker_down: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert api_of(bob).post("/api/v1/enrollments/", {"course_id": str(course.pk)}).status_code == 201
    assert mail.outbox == []
    assert Enrollment.objects.count() == 1
    assert DeferredTask.objects.get().name == "enrollments.mail_enrollment"

    assert send_deferred_tasks() == 0
    waiting = DeferredTask.objects.get()
    assert (waiting.tries, waiting.last_error) == (1, "Connection refused")

    broker_down()
    monkeypatch.setattr(current_app._get_current_object(), "send_task", send_as_eager)
    with time_machine.travel(timezone.now() + timedelta(seconds=60), tick=False):
        assert send_deferred_tasks() == 1
    assert [message.to for message in mail.outbox] == [[bob.email]]
    assert not DeferredTask.objects.exists()


def test_a_job_is_registered_under_its_name_and_its_former_name() -> None:
    @job("lms.do_nothing", former_name="lms.tests.do_nothing")
    def do_nothing() -> None:
        """Do nothing."""

    assert isinstance(do_nothing._get_current_object(), Job)
    assert do_nothing.name == "lms.do_nothing"
    assert isinstance(current_app.tasks["lms.tests.do_nothing"], Job)


@pytest.mark.parametrize("name", ["enrollments.mail_enrollment", "enrollments.tasks.mail_enrollment"])
def test_an_outbox_row_written_under_a_former_name_is_sent_and_runs(
    name: str, enrollment: Enrollment, monkeypatch: pytest.MonkeyPatch
) -> None:
    DeferredTask.objects.create(name=name, args=[str(enrollment.pk)], kwargs={}, next_try_at=timezone.now())
    mail.outbox.clear()
    monkeypatch.setattr(current_app._get_current_object(), "send_task", send_as_eager)
    assert send_deferred_tasks() == 1
    assert [message.to for message in mail.outbox] == [[enrollment.user.email]]


FORMER_NAMES = (
    "lms.platform.tasks.send_deferred_tasks",
    "payments.periodic.reconcile",
    "certificates.tasks.render_pending",
)


@pytest.mark.parametrize("name", FORMER_NAMES)
def test_a_broker_can_still_hold_a_task_under_its_former_name(name: str) -> None:
    current_app.loader.import_default_modules()
    assert isinstance(current_app.tasks[name], Job)
