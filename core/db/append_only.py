"""Append-only tables: database triggers refuse UPDATE and DELETE (quality row M03).

`lifted()` drops the triggers while a whole database is emptied, by a test or by `seed_demo --reset`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

# The guarded tables of the first migration, each with the condition under which an UPDATE is refused; empty for always.
FIRST_GUARDED: dict[str, str] = {
    "platform_auditentry": "",
    # A seal is inserted empty and filled in when its transaction commits (core.audit.chain).
    "platform_auditseal": "OLD.position IS NOT NULL",
}
# Personal values of an entry may be replaced, with a new signature; everything else is fixed.
FIXED_COLUMNS = (
    "id", "created_at", "actor_id", "subject_id", "action", "target_type", "target_id", "request_id", "digest",
)  # fmt: skip
GUARDED: dict[str, str] = {
    **FIRST_GUARDED,
    "platform_auditentry": " OR ".join(
        ["NEW.redaction = ''", *(f"OLD.{column} {{distinct}} NEW.{column}" for column in FIXED_COLUMNS)]
    ),
    "platform_auditcheckpoint": "",
}


def _sqlite(table: str, condition: str) -> list[str]:
    when = f"WHEN {condition.format(distinct='IS NOT')}" if condition else ""
    refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
    return [
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} {when} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} {refuse}",
    ]


def _postgresql(table: str, condition: str) -> list[str]:
    when = f"WHEN ({condition.format(distinct='IS DISTINCT FROM')})" if condition else ""
    refuse = "EXECUTE FUNCTION platform_append_only()"
    return [
        """CREATE OR REPLACE FUNCTION platform_append_only() RETURNS trigger AS $$
        BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$ LANGUAGE plpgsql""",
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} FOR EACH ROW {when} {refuse}",
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} FOR EACH ROW {refuse}",
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {refuse}",
    ]


def guards(vendor: str, tables: Mapping[str, str] = GUARDED) -> list[str]:
    """Return the statements that create the triggers of these tables on a database of this vendor."""
    dialect = {"sqlite": _sqlite, "postgresql": _postgresql}[vendor]
    return [statement for table, condition in tables.items() for statement in dialect(table, condition)]


def no_guards(vendor: str, tables: Mapping[str, str] = GUARDED) -> list[str]:
    """Return the statements that drop the triggers of these tables."""
    kinds = ("update", "delete") if vendor == "sqlite" else ("update", "delete", "truncate")
    where = "" if vendor == "sqlite" else "ON {table}"
    return [
        f"DROP TRIGGER IF EXISTS {table}_no_{kind} {where.format(table=table)}" for table in tables for kind in kinds
    ]


def raise_guards(apps: Any, schema_editor: Any) -> None:
    """Create the triggers of the first guarded tables, as a step of the migration that created them."""
    _replace_guards(schema_editor, FIRST_GUARDED)


def lower_guards(apps: Any, schema_editor: Any) -> None:
    """Drop the triggers of the first guarded tables, as the reverse step."""
    for statement in no_guards(schema_editor.connection.vendor, FIRST_GUARDED):
        schema_editor.execute(statement, params=None)


def raise_all_guards(apps: Any, schema_editor: Any) -> None:
    """Create all triggers, as the last step of a migration.

    SQLite drops the triggers of a table that a migration rebuilds, so a migration that changes one of these tables
    repeats this step at its end.
    """
    _replace_guards(schema_editor, GUARDED)


def lower_all_guards(apps: Any, schema_editor: Any) -> None:
    """Drop all triggers, as the first step of reversing a migration."""
    for statement in no_guards(schema_editor.connection.vendor):
        schema_editor.execute(statement, params=None)


def _replace_guards(schema_editor: Any, tables: Mapping[str, str]) -> None:
    vendor = schema_editor.connection.vendor
    for statement in [*no_guards(vendor, tables), *guards(vendor, tables)]:
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
