"""Data export: built by a task, downloaded by its owner only, deleted after three days."""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from accounts import data_export, services, tasks
from accounts.account_deletion import close_account
from accounts.models import DataExport, User
from certificates.models import Certificate
from core.models import AuditEntry
from enrollments.models import Enrollment
from tools.testing.plugin import complete_all_lessons
from tools.testing.races import run_concurrently

Committing = Callable[..., Any]


@pytest.fixture
def export(bob: User, django_capture_on_commit_callbacks: Committing) -> DataExport:
    """Return Bob's finished export."""
    with django_capture_on_commit_callbacks(execute=True):
        services.request_export(user=bob)
    return DataExport.objects.get()


def link() -> str:
    return re.search(r"http\S+(/account/export/download/\?token=\S+)", mail.outbox[-1].body).group(1)


def content_of(answer: Any) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as packed:
        return {name: json.loads(packed.read(name)) for name in packed.namelist()}


def values_in(found: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key with its value, at any depth."""
    pairs = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    for key, value in pairs:
        yield str(key), value
        yield from values_in(value)


@pytest.mark.quality("U02")
def test_an_export_is_requested_built_emailed_and_downloaded(
    bob: User,
    enrollment: Enrollment,
    browser_of: Callable[[User], Client],
    django_capture_on_commit_callbacks: Committing,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        complete_all_lessons(enrollment)
    browser = browser_of(bob)
    with django_capture_on_commit_callbacks(execute=True):
        asked = browser.post("/account/export/", follow=True)
    assert "receive an email when it is ready." in asked.content.decode()
    assert (mail.outbox[-1].subject, mail.outbox[-1].to) == ("Your data is ready", [bob.email])
    assert "Download data" in browser.get("/account/security/").content.decode()
    answer = browser.get(link())
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    held = content_of(answer)
    assert held["account.json"]["email"] == bob.email
    assert held["learning.json"]["enrollments"][0]["course__title"] == "Tea"
    assert held["certificates.json"][0]["certificate_number"] == Certificate.objects.get().certificate_number
    assert {key for key, _value in values_in(held)}.isdisjoint({"password", "session_key", "key", "secret", "token"})
    assert bob.password not in json.dumps(held)


def test_other_users_cannot_open_the_download_link(
    export: DataExport, carol: User, dan: User, client: Client, browser_of: Callable[[User], Client]
) -> None:
    assert client.get(link()).headers["Location"].startswith("/account/login/")
    for stranger in (carol, dan):
        assert browser_of(stranger).get(link()).headers["Location"] == "/account/security/"


def test_the_link_and_the_file_last_three_days(
    export: DataExport,
    bob: User,
    browser_of: Callable[[User], Client],
    django_capture_on_commit_callbacks: Committing,
) -> None:
    assert default_storage.exists(export.file.name)
    with time_machine.travel(timezone.now() + timedelta(days=3, seconds=1), tick=False):
        assert browser_of(bob).get(link()).status_code == 302
        with django_capture_on_commit_callbacks(execute=True):
            tasks.flush_expired_tokens()
    assert not default_storage.exists(export.file.name)
    assert not DataExport.objects.exists()


@pytest.mark.parametrize("token", ["", "nonsense", "\x00", "a:b:c"])
def test_an_invalid_token_finds_no_export(token: str, export: DataExport, bob: User) -> None:
    assert data_export.find_export(token=token, user=bob) is None
    assert data_export.find_export(token=export.pk.hex, user=bob) is None


def test_a_repeated_request_returns_the_same_export(
    export: DataExport, bob: User, django_capture_on_commit_callbacks: Committing
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert services.request_export(user=bob) == export
    assert data_export.build_export(str(export.pk)) is False
    assert len(mail.outbox) == 1
    assert AuditEntry.objects.filter(action="accounts.data_export_asked").count() == 1


def test_a_repeated_request_recovers_a_lost_task(bob: User, django_capture_on_commit_callbacks: Committing) -> None:
    lost = services.request_export(user=bob)  # the test's transaction never commits, so no task is sent
    with django_capture_on_commit_callbacks(execute=True):
        assert services.request_export(user=bob) == lost
    assert DataExport.objects.get().is_ready
    assert len(mail.outbox) == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_ten_concurrent_requests_build_and_send_one_export(bob: User) -> None:
    run_concurrently(10, lambda _number: services.request_export(user=bob))
    assert len(mail.outbox) == 1
    assert len(default_storage.listdir("exports")[1]) == 1


@pytest.mark.quality("U03")
def test_closing_the_account_deletes_the_export(
    export: DataExport, bob: User, dan: User, django_capture_on_commit_callbacks: Committing
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        close_account(actor=dan, user=bob)
    assert not default_storage.exists(export.file.name)
