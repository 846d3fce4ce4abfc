"""Cursors of PostgreSQL whose values the server puts into a statement.

Django spells values out on both ways: a statement with its values in it is a new one each time, and bytes come back as
twice as many letters. On other databases, and where somebody looks at statements (such a cursor has none to show),
everything stays as Django has it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections


@contextmanager
def server_cursors(connection: Any = None, *, binary: bool = False) -> Iterator[None]:
    """Within the block, let PostgreSQL plan a statement that comes often once, and keep it for as long as the
    connection lasts; with `binary`, let it send what it has as it has it: for columns of bytes, in half the time."""
    connection = connection or connections[DEFAULT_DB_ALIAS]
    if connection.vendor != "postgresql" or connection.queries_logged:
        yield
        return
    connection.ensure_connection()
    session, module = connection.connection, connection.Database

    def cursor(*args: Any, **kwargs: Any) -> Any:
        made = module.Cursor(*args, **kwargs)
        if binary:
            made.format = module.pq.Format.BINARY
        return made

    usual, session.cursor_factory = session.cursor_factory, cursor
    try:
        yield
    finally:
        session.cursor_factory = usual
