"""Compiled-SQL cache for hot queries.

Django compiles a QuerySet to SQL on every call, which takes several times as long as the database needs for a row by
its key. For the queries of authentication and of saving an answer this was half of the server's time (G6 of
docs/benchmarks.md: 0.43 of the yardstick without this module, 1.03 with it). A `Prepared` query is compiled once per
process and run with other values.

On PostgreSQL it is also a prepared statement, planned once per connection from its second use on.
"""

import inspect
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import QuerySet
from django.db.transaction import TransactionManagementError

from core.db.cursors import server_cursors

Row = TypeVar("Row")

LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass
class _QuerySetStub:
    """The attributes of a QuerySet that its row iterable reads."""

    query: Any
    model: Any
    _fields: Any
    db: str = DEFAULT_DB_ALIAS
    _known_related_objects: dict[Any, Any] = field(default_factory=dict)


class _Statement:
    """A compiled SELECT with the positions of its values; immutable, and shared by all threads of the process."""

    def __init__(self, queryset: Any, placeholders: list[uuid.UUID | datetime], connection: Any) -> None:
        self.query = queryset.query
        self.compiler = self.query.get_compiler(connection=connection)
        self.sql, params = self.compiler.as_sql()
        self.params = tuple(params)
        # A copy that is never opened: the original would keep the session of a thread that has ended.
        self.compiler.connection = connection.copy()
        # The compiled SQL has a placeholder as the column's field adapts it: unchanged, or as text.
        adapted: dict[Any, tuple[int, Adapter]] = {}
        for number, one in enumerate(placeholders):
            adapters: tuple[Adapter, ...] = (_moment,) if isinstance(one, datetime) else (_hex, _text, _itself)
            adapted |= {adapt(one, connection): (number, adapt) for adapt in adapters}
        self.places = [
            (place, *adapted[one])
            for place, one in enumerate(self.params)
            if isinstance(one, uuid.UUID | str | datetime) and one in adapted
        ]
        self.converters = self.compiler.get_converters([one for one, _sql, _alias in self.compiler.select])
        self.is_a_lock = self.query.select_for_update
        self.rows_of = queryset._iterable_class
        self.model, self.fields = queryset.model, queryset._fields

    def rows(self, connection: Any, values: tuple[Any, ...]) -> list[Any]:
        params = list(self.params)
        for place, number, adapt in self.places:
            params[place] = adapt(values[number], connection)
        with server_cursors(connection), connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            found = [cursor.fetchall()]
        compiler = _copy_with(
            self.compiler,
            connection=connection,
            execute_sql=lambda *_args, **_kwargs: found,
            get_converters=lambda _expressions: self.converters,
        )
        query = _copy_with(self.query, get_compiler=lambda *_args, **_kwargs: compiler)
        return list(self.rows_of(_QuerySetStub(query, self.model, self.fields)))


def _copy_with(one: Any, **changes: Any) -> Any:
    """Return a shallow copy with some attributes replaced; `copy.copy` takes longer."""
    clone = object.__new__(type(one))
    vars(clone).update(vars(one), **changes)
    return clone


def _placeholder(name: str) -> uuid.UUID | datetime:
    number = uuid.uuid4()
    return LONG_AGO + timedelta(microseconds=number.int % 10**15) if name.endswith("_at") else number


Adapter = Callable[[Any, Any], Any]


def _itself(value: Any, _connection: Any) -> Any:
    return value


def _text(value: Any, _connection: Any) -> str:
    return str(value)


def _hex(value: uuid.UUID, _connection: Any) -> str:
    return value.hex


def _moment(value: datetime, connection: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(value)


class Prepared(Generic[Row]):
    """A SELECT that is compiled once and run with changing values: ids, text keys and times.

    `build` takes the values and returns a QuerySet that compares them as they are, as in `filter(pk=...)`. A parameter
    whose name ends in `_at` is a time. It is called once per process, with placeholders, so everything else is fixed:
    it must not read the clock or depend on the length of a list. `select_related`, `only` and annotations work;
    `prefetch_related` does not.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Row]]) -> None:
        self._build = build
        self._placeholders = [_placeholder(name) for name in inspect.signature(build).parameters]
        self._statement: _Statement | None = None

    def rows(self, *values: uuid.UUID | str | datetime) -> list[Row]:
        """Return the rows. One query. Raises TransactionManagementError for a lock outside of a transaction."""
        connection = connections[DEFAULT_DB_ALIAS]
        statement = self._statement
        if statement is None:
            statement = self._statement = _Statement(self._build(*self._placeholders), self._placeholders, connection)
        if statement.is_a_lock and not connection.in_atomic_block:
            raise TransactionManagementError("select_for_update cannot be used outside of a transaction.")
        return statement.rows(connection, values)

    def row(self, *values: uuid.UUID | str | datetime) -> Row | None:
        """Return the first row, or None."""
        return next(iter(self.rows(*values)), None)
