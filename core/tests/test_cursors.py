"""Cursors whose values the server puts in: bytes come as they are, and the usual cursors come back."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.db.cursors import server_cursors

pytestmark = [pytest.mark.django_db, pytest.mark.postgres]


def is_usual() -> bool:
    """Whether the connection makes the cursors that Django makes."""
    with connection.cursor() as cursor:
        return isinstance(cursor.cursor, connection.Database.ClientCursor)


@pytest.mark.parametrize("binary", [True, False])
def test_bytes_come_back_whole_and_as_they_are_where_that_is_asked(binary: bool) -> None:
    sent = bytes(range(256)) * 10
    with server_cursors(binary=binary), connection.cursor() as cursor:
        cursor.execute("SELECT %s::bytea", [sent])
        assert cursor.cursor.pgresult.fformat(0) == binary
        assert bytes(cursor.fetchone()[0]) == sent
    assert is_usual()


def test_after_a_statement_that_fails_the_usual_cursors_are_back() -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), server_cursors(), connection.cursor() as cursor:
        cursor.execute("SELECT nothing")
    assert is_usual()


def test_who_looks_at_statements_sees_them_with_their_values() -> None:
    with CaptureQueriesContext(connection) as seen, server_cursors(binary=True), connection.cursor() as cursor:
        cursor.execute("SELECT %s", ["tea"])
    assert [query["sql"] for query in seen.captured_queries] == ["SELECT 'tea'"]
