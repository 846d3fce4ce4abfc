"""Append-only tables: database triggers refuse UPDATE and DELETE (quality row M03).

`lifted()` drops the triggers while a whole database is emptied, by a test or by `seed_demo --reset`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

# The guarded tables, each with the condition under which an UPDATE is refused; empty for always.
GUARDED: dict[str, str] = {
    "platform_auditentry": "",
    # A seal is inserted empty and filled in when its transaction commits (core.audit.chain).
    "platform_auditseal": "OLD.position IS NOT NULL",
}


def _sqlite(table: str, condition: str) -> list[str]:
    when = f"WHEN {condition}" if condition else ""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {when} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
    ]


def _postgresql(table: str, condition: str) -> list[str]:
    when = f"WHEN ({condition})" if condition else ""
    refuse = "EXECUTE FUNCTION platform_append_only()"
    return [
        """CREATE OR REPLACE FUNCTION platform_append_only() RETURNS trigger AS $$
        BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$ LANGUAGE plpgsql""",
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW {when} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
    ]


def guards(vendor: str) -> list[str]:
    """Return the statements that create all triggers on a database of this vendor."""
    dialect = {"sqlite": _sqlite, "postgresql": _postgresql}[vendor]
    return [statement for table, condition in GUARDED.items() for statement in dialect(table, condition)]


def no_guards(vendor: str) -> list[str]:
    """Return the statements that drop all triggers."""
    kinds = ("update", "delete") if vendor == "sqlite" else ("update", "delete", "truncate")
    where = "" if vendor == "sqlite" else "ON {table}"
    return [
        f"DROP TRIGGER IF EXISTS {table}_no_{kind} {where.format(table=table)}" for table in GUARDED for kind in kinds
    ]


def raise_guards(apps: Any, schema_editor: Any) -> None:
    """Create the triggers, as a step of a migration.

    SQLite drops the triggers of a table that a migration rebuilds, so a migration that changes one of these tables
    repeats this step at its end.
    """
    vendor = schema_editor.connection.vendor
    for statement in [*no_guards(vendor), *guards(vendor)]:
        schema_editor.execute(statement, params=None)


def lower_guards(apps: Any, schema_editor: Any) -> None:
    """Drop the triggers, as the reverse step of a migration."""
    for statement in no_guards(schema_editor.connection.vendor):
        schema_editor.execute(statement, params=None)


@contextmanager
def lifted() -> Iterator[None]:
    """Drop the triggers for the block and create them again, also after an exception."""
    _run(no_guards(connection.vendor))
    try:
        yield
    finally:
        _run([*no_guards(connection.vendor), *guards(connection.vendor)])


def _run(statements: list[str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
