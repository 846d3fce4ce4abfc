"""How the database is emptied after a test with transactions of its own.

Django's flush truncates every table and then makes the content types, permissions and groups anew, which takes a
third of a second of processor time. Here only tables that hold something are emptied, and those three stay as they
are, unless the test has changed them: then it is Django's flush.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import DEFAULT_DB_ALIAS, connection, models, transaction
from django.test import TransactionTestCase

from lms.platform import append_only

# What migrating leaves in an empty database.
KEPT: tuple[type[models.Model], ...] = (ContentType, Permission, Group, Group.permissions.through)


class Emptier:
    """Empties this process's test database."""

    def __init__(self, flush: Callable[[TransactionTestCase], None]) -> None:
        """Take Django's own flush, for when it is needed."""
        self._flush = flush
        self._kept: list[Any] = []
        self._tables: list[str] = []

    def empty(self, case: TransactionTestCase) -> None:
        """Delete every row but those of `KEPT`, which are as the migrations left them."""
        if not self._kept or not _is_plain(case) or not _may_look_away():
            self._flush_and_note(case)
            return
        _delete_all(_holding_something(self._tables))
        if _rows_kept() != self._kept:
            self._flush_and_note(case)

    def _flush_and_note(self, case: TransactionTestCase) -> None:
        with append_only.lifted():
            self._flush(case)
        names = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
        self._tables = sorted(names - {model._meta.db_table for model in KEPT})
        self._kept = _rows_kept()


def _is_plain(case: TransactionTestCase) -> bool:
    """Return whether a case wants nothing but an empty database."""
    names = case._databases_names(include_mirrors=False)
    return names == [DEFAULT_DB_ALIAS] and case.available_apps is None and not case.serialized_rollback


def _may_look_away() -> bool:
    """Return whether this database's user may delete past triggers and foreign keys."""
    if connection.vendor != "postgresql":
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        return bool(cursor.fetchone()[0])


def _rows_kept() -> list[Any]:
    return [list(model._default_manager.order_by("pk").values_list()) for model in KEPT]


def _holding_something(tables: list[str]) -> list[str]:
    quoted = connection.ops.quote_name
    parts = [f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {quoted(table)})" for table in tables]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return [table for (table,) in cursor.fetchall()]


def _delete_all(tables: list[str]) -> None:
    if connection.vendor == "postgresql":
        # Neither the guards of what only grows nor the foreign keys, whose rows all go.
        _run(["SET LOCAL session_replication_role = replica", *_deletions(tables)])
    else:
        with append_only.lifted():
            _run(_deletions(tables))


def _deletions(tables: list[str]) -> list[str]:
    return [f"DELETE FROM {connection.ops.quote_name(table)}" for table in tables]


def _run(statements: list[str]) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture(autouse=True, scope="session")
def _empties_quickly() -> Iterator[None]:
    """Empty the database in this way after each test with transactions of its own."""
    emptier = Emptier(TransactionTestCase._fixture_teardown)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(TransactionTestCase, "_fixture_teardown", lambda case: emptier.empty(case))
        yield
