"""Django's SQLite backend with a fair queue for writers (`core.db.sqlite.write_queue`) and Unicode case.

SQLite's own guarantees do not change: a transaction is as durable and isolated as before. The methods that begin with
an underscore are Django's hooks around a transaction; it offers no public ones.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError
from django.db.backends.sqlite3 import base, operations

from core.db.sqlite.text_functions import register_text_functions
from core.db.sqlite.write_queue import WriteSlot, write_queue_for

DEFAULT_TIMEOUT_SECONDS = 5.0  # the default of the sqlite3 module
NOTEWORTHY_SECONDS = 1.0
CASELESS_LOOKUPS = ("iexact", "icontains", "istartswith", "iendswith")
WRITING_STATEMENTS = ("INSERT", "UPDATE", "DELETE", "REPLAC", "CREATE", "DROP", "ALTER")
logger = logging.getLogger("django.db.backends")


class Cursor(base.SQLiteCursorWrapper):
    """A cursor that enters the queue before a statement that writes outside of a transaction."""

    database: "DatabaseWrapper"

    def execute(self, query: str, params: Any = None) -> Any:
        """Execute a statement."""
        if self._writes_alone(query):
            with self.database.write_slot():
                return super().execute(query, params)
        return super().execute(query, params)

    def executemany(self, query: str, param_list: Any) -> Any:
        """Execute a statement once for each set of parameters."""
        if self._writes_alone(query):
            with self.database.write_slot():
                return super().executemany(query, param_list)
        return super().executemany(query, param_list)

    def _writes_alone(self, query: str) -> bool:
        return not self.connection.in_transaction and query.lstrip()[:6].upper().startswith(WRITING_STATEMENTS)


class DatabaseOperations(operations.DatabaseOperations):
    """SQLite's operations, but lookups without regard to case compare in upper case, as on PostgreSQL."""

    def lookup_cast(self, lookup_type: str, internal_type: Any = None) -> str:
        """Return the left side of a lookup."""
        return "UPPER(%s)" if lookup_type in CASELESS_LOOKUPS else super().lookup_cast(lookup_type, internal_type)


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to the SQLite database.

    The option `timeout`, in seconds, limits the wait for the write slot. A longer wait raises OperationalError
    "database is locked", as SQLite itself does.
    """

    ops_class = DatabaseOperations
    operators = {**base.DatabaseWrapper.operators, **dict.fromkeys(CASELESS_LOOKUPS, r"LIKE UPPER(%s) ESCAPE '\'")}
    transaction_mode: str | None  # set by Django's backend

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._slot: WriteSlot | None = None
        self._timeout = DEFAULT_TIMEOUT_SECONDS

    def __del__(self) -> None:
        """Close the connection of a thread that died inside a transaction, so that the file is released."""
        if self.connection is not None:
            self.connection.close()

    @property
    def queries_logged(self) -> bool:
        """Return whether statements are recorded.

        Django always records them under DEBUG, at the price of a second statement for each, which quotes its parameters
        while the write lock is held. Here they are recorded only while a test counts them or the log level is DEBUG.
        """
        return self.force_debug_cursor or logger.isEnabledFor(logging.DEBUG)

    def get_connection_params(self) -> dict[str, Any]:
        """Return the parameters of a new connection."""
        params: dict[str, Any] = super().get_connection_params()
        self._timeout = params.get("timeout", DEFAULT_TIMEOUT_SECONDS)
        return params

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Return a new connection with functions for Unicode texts."""
        connection = super().get_new_connection(conn_params)
        register_text_functions(connection)
        return connection

    def create_cursor(self, name: Any = None) -> Cursor:
        """Return a cursor that knows this connection's write queue."""
        cursor: Cursor = self.connection.cursor(factory=Cursor)
        cursor.database = self
        return cursor

    @contextmanager
    def write_slot(self) -> Iterator[None]:
        """Wait for the write slot, and hold it until no transaction is open.

        Raise OperationalError when the slot does not become free within the time-out.
        """
        started = time.monotonic()
        if self._slot is None and not self.is_in_memory_db():
            self._slot = write_queue_for(str(self.settings_dict["NAME"])).acquire(self._timeout)
            if self._slot is None:
                raise OperationalError("database is locked")
        try:
            with self._remaining_timeout(time.monotonic() - started):
                yield
        finally:
            self._release_slot()

    @contextmanager
    def _remaining_timeout(self, waited: float) -> Iterator[None]:
        """Limit SQLite's own wait, for a writer outside of the queue, to what the queue left of the time-out."""
        if waited < NOTEWORTHY_SECONDS:
            yield
            return
        self.connection.execute(f"PRAGMA busy_timeout = {max(0, round((self._timeout - waited) * 1000))}")
        try:
            yield
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {round(self._timeout * 1000)}")

    def _release_slot(self) -> None:
        if self._slot is not None and not self.connection.in_transaction:
            self._slot.release()
            self._slot = None

    def _start_transaction_under_autocommit(self) -> None:
        if self.transaction_mode not in ("IMMEDIATE", "EXCLUSIVE"):
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # not in the stubs
            return
        with self.write_slot():
            super()._start_transaction_under_autocommit()  # type: ignore[misc]  # not in the stubs

    def _commit(self) -> None:
        try:
            super()._commit()  # type: ignore[misc]  # not in the stubs
        finally:
            self._release_slot()

    def _rollback(self) -> None:
        try:
            super()._rollback()  # type: ignore[misc]  # not in the stubs
        finally:
            self._release_slot()

    def _close(self) -> None:
        try:
            super()._close()  # type: ignore[misc]  # not in the stubs
        finally:
            if self._slot is not None:
                self._slot.release()
                self._slot = None
