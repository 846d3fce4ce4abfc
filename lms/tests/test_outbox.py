"""Work after the commit is neither lost nor done too early (QUALITY X05)."""

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
from courses.models import Course
from enrollments import services
from enrollments.models import Enrollment
from lms.platform.jobs import Job, job
from lms.platform.models import DeferredTask
from lms.platform.tasks import send_deferred_tasks

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broker_down(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Take the broker away; return a function that brings it back."""

    def refused(*args: object, **kwargs: object) -> None:
        raise OperationalError("Connection refused")

    with monkeypatch.context() as patched:
        patched.setattr(Job, "delay", refused)
        patched.setattr(current_app._get_current_object(), "send_task", refused)
        yield patched.undo


def send_as_eager(name: str, args: list[object], kwargs: dict[str, object]) -> None:
    """Stand in for the broker's way: eager mode covers `delay`, not `send_task`."""
    current_app.tasks[name].apply(args=args, kwargs=kwargs, throw=True)


@pytest.mark.quality("X05")
def test_a_task_finds_the_row_that_it_is_about(bob: User, course: Course) -> None:
    services.enroll(actor=bob, user=bob, course=course)
    assert [message.to for message in mail.outbox] == [[bob.email]]


@pytest.mark.quality("X05")
def test_a_rollback_sends_nothing(bob: User, course: Course) -> None:
    with transaction.atomic():
        services.enroll(actor=bob, user=bob, course=course)
        transaction.set_rollback(True)
    assert mail.outbox == []
    assert not DeferredTask.objects.exists()


@pytest.mark.quality("X05")
def test_with_the_broker_down_the_write_succeeds_and_the_work_follows_later(
    bob: User,
    course: Course,
    api_of: Callable[[User], APIClient],
    broker_down: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert api_of(bob).post("/api/v1/enrollments/", {"course_id": str(course.pk)}).status_code == 201
    assert mail.outbox == []
    assert Enrollment.objects.count() == 1
    assert DeferredTask.objects.get().name == "enrollments.tasks.mail_enrollment"

    assert send_deferred_tasks() == 0
    waiting = DeferredTask.objects.get()
    assert (waiting.tries, waiting.last_error) == (1, "Connection refused")

    broker_down()
    monkeypatch.setattr(current_app._get_current_object(), "send_task", send_as_eager)
    with time_machine.travel(timezone.now() + timedelta(seconds=60), tick=False):
        assert send_deferred_tasks() == 1
    assert [message.to for message in mail.outbox] == [[bob.email]]
    assert not DeferredTask.objects.exists()


def test_a_job_is_an_ordinary_task_with_a_safe_way_to_be_queued() -> None:
    @job
    def nothing() -> None:
        """Do nothing."""

    assert isinstance(nothing._get_current_object(), Job)
