"""Tables that only grow: the database itself refuses to change or delete a row, whoever asks (QUALITY M03).

Emptying a whole database is the one exception (a test's flush, `seed_demo --reset`): `lifted()` takes the guards away
for as long as it lasts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

# What a guard watches, beside the condition under which an UPDATE is none of its business.
GUARDED: dict[str, str] = {
    "platform_auditentry": "",
    # A seal is written empty and filled in when its transaction commits (lms.platform.chain); from then on it stands.
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
    """Return the statements that make every guard, in the words of a database of this kind."""
    words = {"sqlite": _sqlite, "postgresql": _postgresql}[vendor]
    return [statement for table, condition in GUARDED.items() for statement in words(table, condition)]


def no_guards(vendor: str) -> list[str]:
    """Return the statements that take every guard away."""
    kinds = ("update", "delete") if vendor == "sqlite" else ("update", "delete", "truncate")
    where = "" if vendor == "sqlite" else "ON {table}"
    return [
        f"DROP TRIGGER IF EXISTS {table}_no_{kind} {where.format(table=table)}" for table in GUARDED for kind in kinds
    ]


def raise_guards(apps: Any, schema_editor: Any) -> None:
    """Make the guards: a migration's step. SQLite forgets the triggers of a table that a migration remakes, so a
    migration that changes one of these tables ends with this step again."""
    vendor = schema_editor.connection.vendor
    for statement in [*no_guards(vendor), *guards(vendor)]:
        schema_editor.execute(statement, params=None)


def lower_guards(apps: Any, schema_editor: Any) -> None:
    """Take the guards away: the way back."""
    for statement in no_guards(schema_editor.connection.vendor):
        schema_editor.execute(statement, params=None)


@contextmanager
def lifted() -> Iterator[None]:
    """Take the guards away while the whole database is emptied; raise them again whatever happens."""
    _run(no_guards(connection.vendor))
    try:
        yield
    finally:
        _run([*no_guards(connection.vendor), *guards(connection.vendor)])


def _run(statements: list[str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
