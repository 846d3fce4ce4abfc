"""Taking one's data along: packed by a task, fetched by its owner alone, and gone after three days."""

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

from accounts import exporting, services, tasks
from accounts.closing import close_account
from accounts.models import DataExport, User
from certificates.models import Certificate
from enrollments.models import Enrollment
from lms.platform.models import AuditEntry
from lms.testing.plugin import complete_all_lessons
from lms.testing.racing import at_once

Committing = Callable[..., Any]


@pytest.fixture
def export(bob: User, django_capture_on_commit_callbacks: Committing) -> DataExport:
    """Bob's data, packed."""
    with django_capture_on_commit_callbacks(execute=True):
        services.ask_for_export(user=bob)
    return DataExport.objects.get()


def link() -> str:
    return re.search(r"http\S+(/account/export/download/\?token=\S+)", mail.outbox[-1].body).group(1)


def content_of(answer: Any) -> dict[str, Any]:
    with zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content))) as packed:
        return {name: json.loads(packed.read(name)) for name in packed.namelist()}


def values_in(found: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key with its value, however deep it stands."""
    pairs = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    for key, value in pairs:
        yield str(key), value
        yield from values_in(value)


@pytest.mark.quality("U02")
def test_ones_data_is_asked_for_packed_mailed_and_fetched(
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
    assert "A mail tells you when it is ready." in asked.content.decode()
    assert (mail.outbox[-1].subject, mail.outbox[-1].to) == ("Your data is ready", [bob.email])
    assert "Download my data" in browser.get("/account/security/").content.decode()
    answer = browser.get(link())
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    held = content_of(answer)
    assert held["account.json"]["email"] == bob.email
    assert held["learning.json"]["enrollments"][0]["course__title"] == "Tea"
    assert held["certificates.json"][0]["certificate_number"] == Certificate.objects.get().certificate_number
    assert {key for key, _value in values_in(held)}.isdisjoint({"password", "session_key", "key", "secret", "token"})
    assert bob.password not in json.dumps(held)


def test_nobody_else_opens_the_link(
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
def test_a_token_that_is_none_opens_nothing(token: str, export: DataExport, bob: User) -> None:
    assert exporting.opened(token=token, user=bob) is None
    assert exporting.opened(token=export.pk.hex, user=bob) is None


def test_asking_again_gives_the_same_one_and_no_second_mail(
    export: DataExport, bob: User, django_capture_on_commit_callbacks: Committing
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        assert services.ask_for_export(user=bob) == export
    assert exporting.pack(str(export.pk)) is False
    assert len(mail.outbox) == 1
    assert AuditEntry.objects.filter(action="accounts.data_export_asked").count() == 1


def test_one_whose_task_was_lost_is_packed_when_it_is_asked_for_again(
    bob: User, django_capture_on_commit_callbacks: Committing
) -> None:
    lost = services.ask_for_export(user=bob)  # the test's transaction never commits, so no task is sent
    with django_capture_on_commit_callbacks(execute=True):
        assert services.ask_for_export(user=bob) == lost
    assert DataExport.objects.get().is_ready
    assert len(mail.outbox) == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_ten_who_ask_at_once_one_is_packed_and_mailed(bob: User) -> None:
    at_once(10, lambda _number: services.ask_for_export(user=bob))
    assert len(mail.outbox) == 1
    assert len(default_storage.listdir("exports")[1]) == 1


@pytest.mark.quality("U03")
def test_closing_the_account_takes_the_file_along(
    export: DataExport, bob: User, dan: User, django_capture_on_commit_callbacks: Committing
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        close_account(actor=dan, user=bob)
    assert not default_storage.exists(export.file.name)
