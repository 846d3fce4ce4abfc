"""A worker that dies in the middle of printing: nothing half-done is left, and the next one prints once."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db.models import FileField
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from certificates import pdf, printing, signing, tasks
from certificates.models import Certificate, Status
from enrollments.models import Enrollment
from lms.testing.plugin import complete_all_lessons
from lms.testing.racing import at_once
from realtime.models import Notification


class Died(BaseException):
    """Stands for a killed process: nothing catches it."""


@pytest.fixture
def waiting(enrollment: Enrollment) -> Certificate:
    """Bob's certificate, issued and not printed: the test's transaction never commits."""
    complete_all_lessons(enrollment)
    return Certificate.objects.get()


def files(media: Path) -> list[str]:
    return sorted(os.listdir(media / "certificates")) if (media / "certificates").exists() else []


@pytest.mark.quality("K04")
def test_a_worker_that_dies_between_the_file_and_the_row_leaves_no_reference_and_the_next_prints_once(
    waiting: Certificate, monkeypatch: pytest.MonkeyPatch, settings: Any, api_of: Callable[[User], APIClient]
) -> None:
    def die(*_args: object, **_kwargs: object) -> None:
        raise Died

    with monkeypatch.context() as patched:
        patched.setattr(printing, "push", die)  # the file is written, the row is saved, and nothing is committed
        with pytest.raises(Died):
            tasks.render_certificate(str(waiting.pk))
    assert files(settings.MEDIA_ROOT) == [f"{waiting.pk}.pdf"]
    waiting.refresh_from_db()
    assert (waiting.pdf.name, waiting.status) == ("", Status.PENDING)
    meanwhile = api_of(waiting.user).get(f"/api/v1/certificates/{waiting.pk}/download")
    assert (meanwhile.status_code, meanwhile["Retry-After"]) == (409, "2")
    for _delivery in range(2):
        tasks.render_certificate(str(waiting.pk))
    waiting.refresh_from_db()
    assert waiting.status == Status.ISSUED
    assert files(settings.MEDIA_ROOT) == [f"{waiting.pk}.pdf"]
    assert waiting.pdf.read().startswith(b"%PDF-")
    assert len(mail.outbox) == 1
    assert Notification.objects.filter(event="certificate_issued").count() == 1


@pytest.mark.quality("K04")
@pytest.mark.parametrize("where", ["render", "sign", "save"])
def test_wherever_it_dies_the_periodic_job_finds_the_certificate(
    where: str, waiting: Certificate, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    def die(*_args: object, **_kwargs: object) -> None:
        raise Died

    target = {"render": (pdf, "render"), "sign": (signing, "sign"), "save": (FileField.attr_class, "save")}
    with monkeypatch.context() as patched:
        patched.setattr(*target[where], die)
        with pytest.raises(Died):
            tasks.render_certificate(str(waiting.pk))
    assert files(settings.MEDIA_ROOT) == []
    assert tasks.render_pending() == 0  # it may still be on its way
    Certificate.objects.update(issued_at=timezone.now() - timedelta(minutes=5))
    assert tasks.render_pending() == 1
    assert tasks.render_pending() == 0
    assert len(mail.outbox) == 1
    assert len(files(settings.MEDIA_ROOT)) == 1


@pytest.mark.quality("K04")
def test_a_worker_that_dies_before_the_mail_has_the_next_one_send_it(
    waiting: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(tasks.mail_certificate, "send_or_defer", lambda *_args: (_ for _ in ()).throw(Died()))
        with pytest.raises(Died):
            tasks.render_certificate(str(waiting.pk))
    assert mail.outbox == []
    Certificate.objects.update(issued_at=timezone.now() - timedelta(minutes=5))
    assert [tasks.render_pending(), tasks.render_pending()] == [1, 0]
    assert len(mail.outbox) == 1


@pytest.mark.quality("K04")
@pytest.mark.django_db(transaction=True)
def test_of_four_workers_with_the_same_task_one_prints(
    enrollment: Enrollment, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(tasks.render_certificate, "send_or_defer", lambda *_args: None)
        complete_all_lessons(enrollment)
    certificate = Certificate.objects.get()
    mail.outbox.clear()
    printed = at_once(4, lambda _number: printing.print_pdf(str(certificate.pk)))
    assert sorted(printed) == [False, False, False, True]
    assert len(files(settings.MEDIA_ROOT)) == 1
    certificate.refresh_from_db()
    assert certificate.pdf_sha256
