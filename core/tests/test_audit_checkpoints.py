"""Tests for the checkpoints of the audit log: a chain that was sealed again without the key is detected."""

import io
import json
import logging
from pathlib import Path
from typing import Any

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from core.audit import chain
from core.audit.entries import record, verify_chain
from core.db import append_only
from core.http.logs import JsonFormatter
from core.models import AuditCheckpoint, AuditEntry, AuditSeal
from core.tasks import AuditLogError, check_audit_log
from lms import checks, environment

pytestmark = [pytest.mark.quality("V13"), pytest.mark.django_db(transaction=True)]


def record_entries(count: int) -> list[AuditEntry]:
    return [record(actor=None, action="tests.done", changes={"number": number}) for number in range(count)]


def add_checkpoints(count: int) -> None:
    for _number in range(count):
        record_entries(2)
        check_audit_log.apply(throw=True)


def by_sql(statement: str, *values: object) -> None:
    """Run SQL with the append-only triggers disabled, as the owner of the database can."""
    with append_only.lifted(), connection.cursor() as cursor:
        cursor.execute(statement, values)


def delete_and_seal_again(entry: AuditEntry) -> None:
    """Delete an entry and compute all seals again, which needs no key."""
    by_sql("DELETE FROM platform_auditentry WHERE id = %s", entry.pk)
    by_sql("DELETE FROM platform_auditseal")
    before = ""
    for position, kept in enumerate(AuditEntry.objects.order_by("id"), start=1):
        before = chain.link(before=before, position=position, entry_id=kept.pk, digest=kept.digest)
        AuditSeal.objects.create(entry_id=kept.pk, position=position, hash=before)


@pytest.fixture
def store(settings: Any, tmp_path: Path) -> Path:
    """Store copies of the checkpoints in a folder, and return it."""
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    options = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(folder)}}
    settings.STORAGES = {**settings.STORAGES, "audit": options}
    return folder


def test_a_deleted_entry_is_found_after_the_chain_was_sealed_again() -> None:
    _first, second, *_rest = record_entries(4)
    check_audit_log.apply(throw=True)
    record_entries(3)
    delete_and_seal_again(second)
    with pytest.raises(CommandError, match="does not match a checkpoint"):
        call_command("verify_audit")
    with pytest.raises(AuditLogError):
        check_audit_log.apply(throw=True)
    assert AuditCheckpoint.objects.count() == 1


def test_an_entry_deleted_before_an_old_checkpoint_is_found() -> None:
    first = record_entries(1)[0]
    add_checkpoints(3)
    by_sql("DELETE FROM platform_auditcheckpoint WHERE number = 3")
    delete_and_seal_again(first)
    assert "does not match a checkpoint" in verify_chain().reason


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("DELETE FROM platform_auditcheckpoint WHERE number = 2", "checkpoint 2 is missing"),
        ("DELETE FROM platform_auditcheckpoint WHERE number = 1", "checkpoint 1 is missing"),
        ("UPDATE platform_auditcheckpoint SET hash = 'f' WHERE number = 2", "checkpoint 2 was not signed"),
        ("UPDATE platform_auditcheckpoint SET position = 1 WHERE number = 2", "checkpoint 2 was not signed"),
    ],
)
def test_changed_and_deleted_checkpoints_are_found(statement: str, reason: str) -> None:
    add_checkpoints(3)
    by_sql(statement)
    assert reason in verify_chain().reason


def test_the_database_rejects_changes_of_checkpoints() -> None:
    add_checkpoints(1)
    with pytest.raises(DatabaseError, match="append-only"):
        AuditCheckpoint.objects.update(hash="f")
    with pytest.raises(DatabaseError, match="append-only"):
        AuditCheckpoint.objects.all().delete()
    assert verify_chain().is_intact


def test_the_job_adds_one_checkpoint_per_position_and_logs_it(caplog: pytest.LogCaptureFixture) -> None:
    check_audit_log.apply(throw=True)
    assert not AuditCheckpoint.objects.exists()  # of an empty log
    add_checkpoints(2)
    check_audit_log.apply(throw=True)
    output = io.StringIO()
    call_command("verify_audit", stdout=output)
    assert "Checkpoint 2 of" in output.getvalue()
    assert "covers 4 entries" in output.getvalue()
    lines = [
        json.loads(JsonFormatter().format(line)) for line in caplog.records if line.name == "core.audit.checkpoints"
    ]
    assert [line["number"] for line in lines] == [1, 2, 2]
    last = AuditCheckpoint.objects.get(number=2)
    assert (lines[-1]["event"], lines[-1]["signature"]) == ("audit.checkpoint", last.signature)
    assert last.signature in lines[-1]["message"]


def test_the_newest_checkpoints_cannot_be_deleted_where_copies_are_stored(store: Path) -> None:
    add_checkpoints(3)
    assert sorted(path.name for path in store.iterdir()) == [f"{number:010}.json" for number in (1, 2, 3)]
    assert verify_chain().is_intact
    by_sql("DELETE FROM platform_auditcheckpoint")
    delete_and_seal_again(AuditEntry.objects.earliest("id"))
    assert verify_chain().reason == "checkpoint 3 is missing, of which there is a copy"


def test_a_checkpoint_that_was_not_stored_is_stored_with_the_next(store: Path, settings: Any) -> None:
    storages = settings.STORAGES
    settings.STORAGES = {name: value for name, value in storages.items() if name != "audit"}
    add_checkpoints(2)
    settings.STORAGES = storages
    add_checkpoints(1)
    assert len(list(store.iterdir())) == 3


def test_a_copy_that_differs_from_its_checkpoint_is_found(store: Path) -> None:
    add_checkpoints(2)
    copy = store / "0000000002.json"
    copy.write_text(json.dumps(json.loads(copy.read_text()) | {"hash": "f"}))
    assert verify_chain().reason == "checkpoint 2 differs from its copy"


def test_after_a_key_rotation_old_keys_only_verify(settings: Any) -> None:
    add_checkpoints(1)
    old_key = settings.AUDIT_KEY
    settings.AUDIT_KEY = "a new key of the audit log"
    assert not verify_chain().is_intact
    settings.AUDIT_KEY_FALLBACKS = [old_key]
    add_checkpoints(1)
    assert verify_chain().checked == 4
    content = b"anything"
    assert chain.is_signed(content, chain.sign(content, old_key))
    assert chain.sign(content) != chain.sign(content, old_key)


def test_the_deployment_check_warns_of_a_derived_key(settings: Any) -> None:
    settings.AUDIT_KEY = environment.derive_key(settings.SECRET_KEY, "audit")
    assert [problem.id for problem in checks.check_audit_key()] == ["lms.W004"]
    settings.AUDIT_KEY = "a key of its own"
    assert checks.check_audit_key() == []


@pytest.mark.parametrize(
    ("place", "backend"),
    [
        ("/var/checkpoints", "django.core.files.storage.FileSystemStorage"),
        ("azure:checkpoints", "storages.backends.azure_storage.AzureStorage"),
    ],
)
def test_copies_are_stored_in_a_folder_or_a_container(
    monkeypatch: pytest.MonkeyPatch, place: str, backend: str
) -> None:
    monkeypatch.setenv("AUDIT_CHECKPOINT_STORE", place)
    monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", "UseDevelopmentStorage=true")
    assert environment.checkpoint_storage(environ.Env())["BACKEND"] == backend


def test_an_unusable_place_for_copies_prevents_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.checkpoint_storage(environ.Env()) == {}
    for place in ("checkpoints", "azure:checkpoints"):
        monkeypatch.setenv("AUDIT_CHECKPOINT_STORE", place)
        monkeypatch.delenv("AZURE_STORAGE_CONNECTION_STRING", raising=False)
        with pytest.raises(ImproperlyConfigured, match="AUDIT_CHECKPOINT_STORE"):
            environment.checkpoint_storage(environ.Env())


def test_lines_without_fields_are_logged_as_before() -> None:
    line = logging.LogRecord("tests", logging.INFO, __file__, 1, "done", (), None)
    assert set(json.loads(JsonFormatter().format(line))) == {"time", "level", "logger", "request_id", "message"}
