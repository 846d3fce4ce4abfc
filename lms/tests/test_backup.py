"""Tests for backup and restore (quality row X14)."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings as django_settings
from django.contrib.auth.hashers import make_password
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from accounts.models import User
from certificates.models import Certificate
from core.site import backup
from courses.attachments import attach_file
from courses.models import Course
from enrollments import services as enrollments
from files.tests.samples import PDF
from payments.models import LedgerEntry
from tools.testing.plugin import PASSWORD, buy_course, complete_all_lessons, is_postgresql
from tools.testing.processes import database_url

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.quality("X14")]

LOGIN = """
import json
from django.test import Client
from accounts.models import User
from enrollments.services import enroll
from courses.attachments import attach_file
from courses.models import Course
browser = Client()
inside = browser.login(email="bob@example.com", password=PASSWORD)
page = browser.get("/dashboard/", headers={"host": "127.0.0.1"})
carol = User.objects.get(email="carol@example.com")
made = enroll(actor=carol, user=carol, course=Course.objects.get(title="Tea"))
print(json.dumps([inside, page.status_code, User.objects.count(), made.course.title]))
"""


@pytest.fixture
def empty_host(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Yield the environment of an empty host: a new folder, and on PostgreSQL a new database."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment |= {"DATA_DIR": str(tmp_path / "host"), "DJANGO_SETTINGS_MODULE": "lms.settings", "DEBUG": "1"}
    (tmp_path / "host").mkdir()
    if not is_postgresql():
        yield environment
        return
    name = f"{connection.settings_dict['NAME']}_restored"
    given = connection.get_connection_params()
    where = {key: given[key] for key in ("host", "port", "user", "password") if given.get(key)}
    with psycopg.connect(dbname="postgres", autocommit=True, **where) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{name}"')
        yield environment | {"DATABASE_URL": database_url(name)}
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def school(alice: User, bob: User, carol: User, course: Course, paid_course: Course, settings: Any) -> dict[str, int]:
    """Create users, a certificate, an order and a file; Bob's password is hashed as in production."""
    User.objects.filter(pk=bob.pk).update(password=make_password(PASSWORD, hasher="argon2"))
    complete_all_lessons(enrollments.enroll(actor=bob, user=bob, course=course))
    buy_course(bob, paid_course, refunded=900)
    attach_file(actor=alice, lesson=course.lessons.first(), content=SimpleUploadedFile("a.pdf", PDF))
    return {"certificates": Certificate.objects.count(), "entries": LedgerEntry.objects.count()}


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, env=environment, cwd=django_settings.BASE_DIR, capture_output=True, text=True, check=False
    )


@pytest.mark.long
def test_a_restored_site_has_the_same_data_and_users_can_log_in(
    school: dict[str, int], empty_host: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "backup"
    manifest = backup.write(folder)
    assert (manifest.rows["accounts_user"], manifest.rows["payments_ledgerentry"]) == (3, school["entries"])
    assert sum(name.startswith("media/") for name in manifest.hashes) >= 2
    restored = run(empty_host, "restore", str(folder))
    assert restored.returncode == 0, restored.stderr[-2000:]
    host = Path(empty_host["DATA_DIR"])
    there = {f"media/{path.relative_to(host / 'media')}" for path in (host / "media").rglob("*") if path.is_file()}
    assert there == {name for name in manifest.hashes if name.startswith("media/")}
    used = run(empty_host, "shell", "-v0", "-c", LOGIN.replace("PASSWORD", repr(PASSWORD)))
    assert used.returncode == 0, used.stderr[-2000:]
    assert json.loads(used.stdout.splitlines()[-1]) == [True, 200, 3, "Tea"]
    again = run(empty_host, "restore", str(folder))
    assert "This database has users" in again.stderr


def test_a_damaged_backup_is_rejected_before_any_change(school: dict[str, int], tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    backup.write(folder)
    victim = next(path for path in folder.rglob("*") if path.is_file() and path.name != backup.MANIFEST)
    victim.write_bytes(victim.read_bytes() + b"x")
    with pytest.raises(backup.BackupError, match="damaged"):
        backup.restore(folder)
    assert User.objects.count() == 3


def test_a_backup_of_another_version_or_engine_is_rejected(school: dict[str, int], tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    backup.write(folder)
    text = (folder / backup.MANIFEST).read_text()
    given = json.loads(text)
    for changed, reason in (
        ({"engine": "oracle"}, "The backup is of oracle"),
        ({"migrations": given["migrations"][:-1]}, "another version"),
    ):
        (folder / backup.MANIFEST).write_text(json.dumps(given | changed))
        with pytest.raises(backup.BackupError, match=reason):
            backup.restore(folder)
    (folder / backup.MANIFEST).write_text("{}")
    with pytest.raises(backup.BackupError, match="does not contain a backup"):
        backup.restore(folder)


def test_a_folder_that_is_not_empty_is_not_overwritten(db: None, tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(backup.BackupError, match="not empty"):
        backup.write(tmp_path)
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["notes"]


@pytest.mark.sqlite
def test_the_database_files_are_not_treated_as_secrets(
    db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "db.sqlite3"))
    for name in ("secret_key", "db.sqlite3", "db.sqlite3-wal", "db.sqlite3-shm", "db.sqlite3-queue"):
        (tmp_path / name).touch(mode=0o600)
    assert [path.name for path in backup._secrets(tmp_path)] == ["secret_key"]
