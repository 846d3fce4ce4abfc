"""Backup and restore of the whole site (quality row X14).

A backup is a folder with all rows, all local files, the secrets generated on this machine, and a manifest with counts
and hashes. It needs no database tools, so it works the same on every host. A restore is verified against the manifest.

PostgreSQL is read in one snapshot, table by table, with COPY; SQLite through its backup API. A restore requires a
database that was created by the migrations of this version and has no users.
"""

import hashlib
import json
import shutil
import sqlite3
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

MANIFEST = "manifest.json"
DATABASE = "database.sqlite3"
OWNER_ONLY = 0o077
CHUNK = 1 << 20


class BackupError(Exception):
    """The backup cannot be written or restored."""


@dataclass
class Manifest:
    """Contents of a backup: database engine, applied migrations, rows per table, and the SHA-256 of each file."""

    engine: str
    migrations: list[str]
    rows: dict[str, int]
    made_at: str = field(default_factory=lambda: timezone.now().isoformat())
    hashes: dict[str, str] = field(default_factory=dict)


def write(folder: Path) -> Manifest:
    """Write a backup into an empty folder, rows before files; return its manifest.

    Raise BackupError if the folder is not empty. Uploaded files are included only if the storage is local.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise BackupError(f"{folder} is not empty.")
    folder.chmod(0o700)
    rows = _write_tables(folder / "tables") if connection.vendor == "postgresql" else _write_sqlite(folder)
    if settings.FILE_STORAGE_PROVIDER == "local" and Path(settings.MEDIA_ROOT).exists():
        shutil.copytree(settings.MEDIA_ROOT, folder / "media")
    for secret in _secrets(settings.DATA_DIR):
        (folder / "secrets").mkdir(exist_ok=True)
        shutil.copy2(secret, folder / "secrets" / secret.name)
    manifest = Manifest(connection.vendor, _migrations(), rows)
    manifest.hashes = _hashes(folder)
    (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1, sort_keys=True))
    return manifest


def restore(folder: Path) -> Manifest:
    """Restore a backup into this empty site, and verify the result against the manifest; return the manifest.

    Raise BackupError, without having changed any row, if the backup is damaged, was made on another database engine or
    by another version, or if the database has users. Raise BackupError after the restore if the result differs.
    """
    manifest = read(folder)
    call_command("migrate", verbosity=0)
    if manifest.engine != connection.vendor:
        raise BackupError(f"The backup is of {manifest.engine}, this database is {connection.vendor}.")
    if manifest.migrations != _migrations():
        raise BackupError("The backup was made by another version. Restore it with that version, then upgrade.")
    if get_user_model().objects.exists():
        raise BackupError("This database has users. Restore the backup into an empty database.")
    if connection.vendor == "postgresql":
        _read_tables(folder / "tables", list(manifest.rows))
    else:
        _read_sqlite(folder)
    for kind, target in (("media", Path(settings.MEDIA_ROOT)), ("secrets", settings.DATA_DIR)):
        if (folder / kind).exists():
            shutil.copytree(folder / kind, target, dirs_exist_ok=True)
    _compare(folder, manifest)
    return manifest


def read(folder: Path) -> Manifest:
    """Return the manifest of a backup; raise BackupError if it is missing or a file does not match its hash."""
    try:
        manifest = Manifest(**json.loads((folder / MANIFEST).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise BackupError(f"{folder} does not contain a backup: {error}") from error
    found = _hashes(folder)
    if found != manifest.hashes:
        different = sorted(name for name in {*found, *manifest.hashes} if found.get(name) != manifest.hashes.get(name))
        raise BackupError(f"The backup is damaged: {', '.join(different[:5])}")
    return manifest


def _compare(folder: Path, manifest: Manifest) -> None:
    """Raise BackupError if row counts or file hashes differ from the manifest."""
    counted = _count(list(manifest.rows))
    wrong = [name for name, rows in manifest.rows.items() if counted[name] != rows]
    for name, digest in manifest.hashes.items():
        kind, _slash, path = name.partition("/")
        place = {"media": Path(settings.MEDIA_ROOT), "secrets": settings.DATA_DIR}.get(kind)
        if place is not None and _hash(place / path) != digest:
            wrong.append(name)
    if wrong:
        raise BackupError(f"The restored data differs from the backup: {', '.join(sorted(wrong)[:5])}")


def _migrations() -> list[str]:
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())


def _tables() -> list[str]:
    """Return all tables except the list of applied migrations, which `migrate` fills."""
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
    return sorted(name for name in names if name != "django_migrations")


def _count(tables: list[str]) -> dict[str, int]:
    counted = {}
    with connection.cursor() as cursor:
        for name in tables:
            cursor.execute(f"SELECT count(*) FROM {connection.ops.quote_name(name)}")  # noqa: S608  # a table name from introspection
            counted[name] = cursor.fetchone()[0]
    return counted


def _columns(cursor: Any, table: str) -> str:
    """Return the quoted names of the columns of a table, without generated columns, as a comma-separated list."""
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = %s "
        "AND is_generated = 'NEVER' ORDER BY column_name",
        [table],
    )
    return ", ".join(connection.ops.quote_name(name) for (name,) in cursor.fetchall())


def _write_tables(folder: Path) -> dict[str, int]:
    """Write every table of PostgreSQL from one snapshot; return the number of rows per table."""
    folder.mkdir()
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL statement_timeout = 0")
        tables = _tables()
        for name in tables:
            columns = _columns(cursor, name)
            with (folder / name).open("wb") as file, cursor.copy(f'COPY "{name}" ({columns}) TO STDOUT') as rows:
                for chunk in rows:
                    file.write(chunk)
        return _count(tables)


def _read_tables(folder: Path, tables: list[str]) -> None:
    """Load every table of PostgreSQL in one transaction with triggers disabled, then reset the sequences."""
    names = [connection.ops.quote_name(name) for name in tables]
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        for name in names:
            cursor.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")
        cursor.execute(f"TRUNCATE {', '.join(names)}")
        for table, name in zip(tables, names, strict=True):
            copy = f"COPY {name} ({_columns(cursor, table)}) FROM STDIN"
            with (folder / table).open("rb") as file, cursor.copy(copy) as rows:
                while chunk := file.read(CHUNK):
                    rows.write(chunk)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name in names:
            cursor.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER")
        models = apps.get_models(include_auto_created=True)
        for statement in connection.ops.sequence_reset_sql(no_style(), [one for one in models if one._meta.managed]):
            cursor.execute(statement)


def _write_sqlite(folder: Path) -> dict[str, int]:
    """Write a consistent copy of the SQLite file; return the number of rows per table."""
    connection.ensure_connection()
    target = sqlite3.connect(folder / DATABASE)
    try:
        connection.connection.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # a single file, without a WAL file
        return {
            name: target.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608  # a table name from introspection
            for name in _tables()
        }
    finally:
        target.close()


def _read_sqlite(folder: Path) -> None:
    source = sqlite3.connect(f"file:{folder / DATABASE}?mode=ro", uri=True)
    try:
        connection.ensure_connection()
        source.backup(connection.connection)
    finally:
        source.close()


def _secrets(folder: Path) -> list[Path]:
    """Return the secrets generated on this machine: top-level files that only their owner may read.

    SQLite's own files are excluded, as they may have the same mode: closing a file descriptor of the database file
    releases all POSIX locks that SQLite holds on it in this process.
    """
    secrets = [path for path in folder.iterdir() if path.is_file() and not path.stat().st_mode & OWNER_ONLY]
    if connection.vendor == "sqlite":
        database = str(connection.settings_dict["NAME"])
        secrets = [path for path in secrets if not str(path).startswith(database)]
    return sorted(secrets)


def _hashes(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file below a folder, except the manifest."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {str(path.relative_to(folder)): path for path in files}
    return {name: _hash(path) for name, path in names.items() if name != MANIFEST}


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
