"""Django's SQLite backend, with a line for those who write, and connections that stay open.

What SQLite guarantees is untouched: a transaction is durable and isolated as before. See `turns` and `idle` for why.
"""

import logging
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

from django.db import OperationalError
from django.db.backends.sqlite3 import base

from lms.lib.sqlite.idle import FileIdentity, identity_of, idle_connections
from lms.lib.sqlite.turns import Turn, turns_of

DEFAULT_TIMEOUT_SECONDS = 5.0  # sqlite3's own
NOTEWORTHY_SECONDS = 1.0
WRITING = ("INSERT", "UPDATE", "DELETE", "REPLAC", "CREATE", "DROP", "ALTER")
logger = logging.getLogger("django.db.backends")


class Cursor(base.SQLiteCursorWrapper):
    """A cursor that takes its turn before a statement that writes without a transaction around it."""

    database: "DatabaseWrapper"

    def execute(self, query: str, params: Any = None) -> Any:
        """Run a statement."""
        if self._writes_alone(query):
            with self.database.in_turn():
                return super().execute(query, params)
        return super().execute(query, params)

    def executemany(self, query: str, param_list: Any) -> Any:
        """Run a statement for each set of parameters."""
        if self._writes_alone(query):
            with self.database.in_turn():
                return super().executemany(query, param_list)
        return super().executemany(query, param_list)

    def _writes_alone(self, query: str) -> bool:
        return not self.connection.in_transaction and query.lstrip()[:6].upper().startswith(WRITING)


class DatabaseWrapper(base.DatabaseWrapper):
    """The embedded database. `timeout`, in seconds, is how long somebody waits for their turn to write; whoever waited
    for longer gets OperationalError, "database is locked", as ever."""

    transaction_mode: str | None  # of Django's own

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what Django's own takes."""
        super().__init__(*args, **kwargs)
        self._turn: Turn | None = None
        self._timeout = DEFAULT_TIMEOUT_SECONDS
        self._file: FileIdentity | None = None
        self._cursors: WeakSet[Cursor] = WeakSet()

    def __del__(self) -> None:
        """A thread that died in the middle lets go of the file, whoever may still know a cursor of it."""
        if self.connection is not None:
            self.connection.close()

    @property
    def queries_logged(self) -> bool:
        """Whether statements are kept for looking at them: when somebody counts or logs them. Under DEBUG Django always
        does, at the price of a second statement for each, which quotes its parameters while the write lock is held."""
        return self.force_debug_cursor or logger.isEnabledFor(logging.DEBUG)

    def get_connection_params(self) -> dict[str, Any]:
        """Return what the connection is opened with."""
        params: dict[str, Any] = super().get_connection_params()
        self._timeout = params.get("timeout", DEFAULT_TIMEOUT_SECONDS)
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> sqlite3.Connection:
        """Return an idle connection as if it were new, or a new one."""
        if self.is_in_memory_db():
            return super().get_new_connection(conn_params)
        path = str(conn_params["database"])
        connection = idle_connections(path).take(identity_of(path))
        if connection is None:
            connection = super().get_new_connection(conn_params)
        else:  # what the schema editor changes, and might not have changed back
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA legacy_alter_table = OFF")
        self._file = identity_of(path)
        return connection

    def is_usable(self) -> bool:
        """Return whether to go on with a connection after an error: no, a new one is cheap and knows nothing of it."""
        return bool(self.is_in_memory_db())

    def create_cursor(self, name: Any = None) -> Cursor:
        """Return a cursor that knows us."""
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        cursor.database = self
        self._cursors.add(cursor)
        return cursor

    @contextmanager
    def in_turn(self) -> Iterator[None]:
        """Stand in line, and keep the turn for as long as a transaction is open; raise OperationalError when it does
        not come in time."""
        began = time.monotonic()
        if self._turn is None and not self.is_in_memory_db():
            self._turn = turns_of(str(self.settings_dict["NAME"])).take(self._timeout)
            if self._turn is None:
                raise OperationalError("database is locked")
        try:
            with self._patience_left(time.monotonic() - began):
                yield
        finally:
            self._end_turn()

    @contextmanager
    def _patience_left(self, waited: float) -> Iterator[None]:
        """Let SQLite wait, for a writer who stands in no line, only for what is left of the time."""
        if waited < NOTEWORTHY_SECONDS:
            yield
            return
        self.connection.execute(f"PRAGMA busy_timeout = {max(0, round((self._timeout - waited) * 1000))}")
        try:
            yield
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {round(self._timeout * 1000)}")

    def _end_turn(self) -> None:
        if self._turn is not None and not self.connection.in_transaction:
            self._turn.end()
            self._turn = None

    def _start_transaction_under_autocommit(self) -> None:
        if self.transaction_mode not in ("IMMEDIATE", "EXCLUSIVE"):
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # the stubs leave it out
            return
        with self.in_turn():
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # the stubs leave it out

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]  # the stubs leave it out
        finally:
            self._end_turn()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]  # the stubs leave it out
        finally:
            self._end_turn()

    def _close(self) -> None:
        try:
            if self._file is None or self.in_atomic_block or self.errors_occurred or self.connection.in_transaction:
                super()._close()  # type: ignore[misc]  # the stubs leave it out
            else:
                # A cursor that was not read to its end would go on seeing the database as it was then.
                for cursor in list(self._cursors):
                    cursor.close()
                idle_connections(str(self.settings_dict["NAME"])).put(self._file, self.connection)
        finally:
            self._cursors.clear()
            if self._turn is not None:
                self._turn.end()
                self._turn = None
