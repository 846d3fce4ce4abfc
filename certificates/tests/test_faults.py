"""Tests of workers that are killed while they render: no partial state remains, and the next one stores one PDF."""

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
from certificates import pdf, renderer, signature, tasks
from certificates.models import Certificate, Status
from enrollments.models import Enrollment
from realtime.models import Notification
from tools.testing.plugin import complete_all_lessons
from tools.testing.races import run_concurrently


class WorkerKilled(BaseException):
    """Simulates a killed process. A BaseException, so that no handler catches it."""


@pytest.fixture
def waiting(enrollment: Enrollment) -> Certificate:
    """Bob's pending certificate: the test's transaction never commits, so that it is not rendered."""
    complete_all_lessons(enrollment)
    return Certificate.objects.get()


def stored_files(media: Path) -> list[str]:
    return sorted(os.listdir(media / "certificates")) if (media / "certificates").exists() else []


@pytest.mark.quality("K04")
def test_a_crash_between_file_and_row_is_recovered_by_the_next_worker(
    waiting: Certificate, monkeypatch: pytest.MonkeyPatch, settings: Any, api_of: Callable[[User], APIClient]
) -> None:
    def kill_worker(*_args: object, **_kwargs: object) -> None:
        raise WorkerKilled

    with monkeypatch.context() as patched:
        patched.setattr(renderer, "push", kill_worker)  # file and row are written, but not committed
        with pytest.raises(WorkerKilled):
            tasks.render_certificate(str(waiting.pk))
    assert stored_files(settings.MEDIA_ROOT) == [f"{waiting.pk}.pdf"]
    waiting.refresh_from_db()
    assert (waiting.pdf.name, waiting.status) == ("", Status.PENDING)
    meanwhile = api_of(waiting.user).get(f"/api/v1/certificates/{waiting.pk}/download")
    assert (meanwhile.status_code, meanwhile["Retry-After"]) == (409, "2")
    for _delivery in range(2):
        tasks.render_certificate(str(waiting.pk))
    waiting.refresh_from_db()
    assert waiting.status == Status.ISSUED
    assert stored_files(settings.MEDIA_ROOT) == [f"{waiting.pk}.pdf"]
    assert waiting.pdf.read().startswith(b"%PDF-")
    assert len(mail.outbox) == 1
    assert Notification.objects.filter(event="certificate_issued").count() == 1


@pytest.mark.quality("K04")
@pytest.mark.parametrize("where", ["render", "sign", "save"])
def test_the_periodic_task_recovers_from_a_crash_at_any_step(
    where: str, waiting: Certificate, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    def kill_worker(*_args: object, **_kwargs: object) -> None:
        raise WorkerKilled

    target = {"render": (pdf, "render"), "sign": (signature, "sign"), "save": (FileField.attr_class, "save")}
    with monkeypatch.context() as patched:
        patched.setattr(*target[where], kill_worker)
        with pytest.raises(WorkerKilled):
            tasks.render_certificate(str(waiting.pk))
    assert stored_files(settings.MEDIA_ROOT) == []
    assert tasks.render_pending() == 0  # it may still be on its way
    Certificate.objects.update(issued_at=timezone.now() - timedelta(minutes=5))
    assert tasks.render_pending() == 1
    assert tasks.render_pending() == 0
    assert len(mail.outbox) == 1
    assert len(stored_files(settings.MEDIA_ROOT)) == 1


@pytest.mark.quality("K04")
def test_the_periodic_task_sends_the_email_after_a_crash(waiting: Certificate, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(tasks.mail_certificate, "send_or_defer", lambda *_args: (_ for _ in ()).throw(WorkerKilled()))
        with pytest.raises(WorkerKilled):
            tasks.render_certificate(str(waiting.pk))
    assert mail.outbox == []
    Certificate.objects.update(issued_at=timezone.now() - timedelta(minutes=5))
    assert [tasks.render_pending(), tasks.render_pending()] == [1, 0]
    assert len(mail.outbox) == 1


@pytest.mark.quality("K04")
@pytest.mark.django_db(transaction=True)
def test_four_workers_with_the_same_task_store_one_pdf(
    enrollment: Enrollment, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(tasks.render_certificate, "send_or_defer", lambda *_args: None)
        complete_all_lessons(enrollment)
    certificate = Certificate.objects.get()
    mail.outbox.clear()
    results = run_concurrently(4, lambda _number: renderer.render_pdf(str(certificate.pk)))
    assert sorted(results) == [False, False, False, True]
    assert len(stored_files(settings.MEDIA_ROOT)) == 1
    certificate.refresh_from_db()
    assert certificate.pdf_sha256
