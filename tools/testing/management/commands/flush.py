"""Replace Django's `flush` in the test suite, which runs it after each test with `transaction=True`.

Django truncates every table and re-creates content types, permissions and groups, which takes a third of a second of
CPU time. This command deletes the rows of non-empty tables only and keeps the rows of these three. If a test has
changed them, or if the options differ from those of a plain test, Django's command runs.
"""

from typing import Any

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.commands import flush
from django.db import DEFAULT_DB_ALIAS, connection, models, transaction

from core.db import append_only

# Models with rows after `migrate`.
MIGRATED_MODELS: tuple[type[models.Model], ...] = (ContentType, Permission, Group, Group.permissions.through)


class Command(flush.Command):
    migrated_rows: list[Any] | None = None
    tables: list[str]

    def handle(self, **options: Any) -> None:
        """Delete all rows except those that `migrate` has inserted."""
        is_plain = (
            options["database"] == DEFAULT_DB_ALIAS
            and not options.get("reset_sequences", True)
            and not options.get("inhibit_post_migrate", False)
        )
        if Command.migrated_rows is None or not is_plain or not _can_skip_triggers():
            self._flush(**options)
            return
        _delete_rows(_list_filled_tables(Command.tables))
        if _read_migrated_rows() != Command.migrated_rows:
            self._flush(**options)

    def _flush(self, **options: Any) -> None:
        with append_only.lifted():
            super().handle(**options)
        names = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
        Command.tables = sorted(names - {model._meta.db_table for model in MIGRATED_MODELS})
        Command.migrated_rows = None if options.get("inhibit_post_migrate", False) else _read_migrated_rows()


def _can_skip_triggers() -> bool:
    """Return whether the database user may delete without triggers and foreign key checks."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return bool(cursor.fetchone()[0])


def _read_migrated_rows() -> list[Any]:
    return [list(model._default_manager.order_by("pk").values_list()) for model in MIGRATED_MODELS]


def _list_filled_tables(tables: list[str]) -> list[str]:
    quoted = connection.ops.quote_name
    parts = [f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {quoted(table)})" for table in tables]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return [table for (table,) in cursor.fetchall()]


def _delete_rows(tables: list[str]) -> None:
    statements = [f"DELETE FROM {connection.ops.quote_name(table)}" for table in tables]
    if connection.vendor == "postgresql":
        # Skips the append-only triggers and the foreign key checks; all referenced rows are deleted, too.
        _execute(["SET LOCAL session_replication_role = replica", *statements])
    else:
        with append_only.lifted():
            _execute(statements)


def _execute(statements: list[str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
