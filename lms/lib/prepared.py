"""Statements that are put into words once.

Django writes the SQL of a QuerySet anew each time it is asked, which for a row by its key takes several times as long
as the database takes to find it. A handful of statements are asked so often (who is this, which attempt is it, until
when) that this was half of what an answer cost. A `Prepared` one is a QuerySet like any other, written down once for
each connection and asked again with other ids.

PostgreSQL in its turn plans a statement anew each time, and six tables take it longer to plan than to read. These it
keeps as prepared statements from their second time on, for as long as the connection lasts.
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

from lms.lib.cursors import server_cursors

Row = TypeVar("Row")

LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)


@dataclass
class _Asked:
    """As much of a QuerySet as its iterable of rows looks at."""

    query: Any
    model: Any
    _fields: Any
    db: str = DEFAULT_DB_ALIAS
    _known_related_objects: dict[Any, Any] = field(default_factory=dict)


class _Statement:
    """A SELECT in Django's words, with places for the values that it is asked with. It changes no more once it is made,
    so that all threads of the process have it in common."""

    def __init__(self, queryset: Any, stand_ins: list[uuid.UUID | datetime], connection: Any) -> None:
        self.query = queryset.query
        self.compiler = self.query.get_compiler(connection=connection)
        self.sql, params = self.compiler.as_sql()
        self.params = tuple(params)
        # One that is never opened: the other would keep the session of a thread that has ended.
        self.compiler.connection = connection.copy()
        # A stand-in comes back as the column's field spells it: itself, or as text.
        spelled: dict[Any, tuple[int, Spelling]] = {}
        for number, one in enumerate(stand_ins):
            spellings: tuple[Spelling, ...] = (_moment,) if isinstance(one, datetime) else (_hex, _text, _itself)
            spelled |= {spell(one, connection): (number, spell) for spell in spellings}
        self.places = [
            (place, *spelled[one])
            for place, one in enumerate(self.params)
            if isinstance(one, uuid.UUID | str | datetime) and one in spelled
        ]
        self.converters = self.compiler.get_converters([one for one, _sql, _alias in self.compiler.select])
        self.is_a_lock = self.query.select_for_update
        self.rows_of = queryset._iterable_class
        self.model, self.fields = queryset.model, queryset._fields

    def rows(self, connection: Any, values: tuple[Any, ...]) -> list[Any]:
        params = list(self.params)
        for place, number, spell in self.places:
            params[place] = spell(values[number], connection)
        with server_cursors(connection), connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            found = [cursor.fetchall()]
        compiler = _twin(
            self.compiler,
            connection=connection,
            execute_sql=lambda *_args, **_kwargs: found,
            get_converters=lambda _expressions: self.converters,
        )
        query = _twin(self.query, get_compiler=lambda *_args, **_kwargs: compiler)
        return list(self.rows_of(_Asked(query, self.model, self.fields)))


def _twin(one: Any, **changes: Any) -> Any:
    """Return the same object with some attributes of its own: what `copy` does, which first asks around for longer."""
    twin = object.__new__(type(one))
    vars(twin).update(vars(one), **changes)
    return twin


def _stand_in(name: str) -> uuid.UUID | datetime:
    number = uuid.uuid4()
    return LONG_AGO + timedelta(microseconds=number.int % 10**15) if name.endswith("_at") else number


Spelling = Callable[[Any, Any], Any]


def _itself(value: Any, _connection: Any) -> Any:
    return value


def _text(value: Any, _connection: Any) -> str:
    return str(value)


def _hex(value: uuid.UUID, _connection: Any) -> str:
    return value.hex


def _moment(value: datetime, connection: Any) -> Any:
    return connection.ops.adapt_datetimefield_value(value)


class Prepared(Generic[Row]):
    """A SELECT whose words stay and whose values change: ids, the texts of other keys, and moments.

    `build` takes the values, and gives a QuerySet in which each stands as it is, in `filter(pk=...)` or
    `filter(user=...)`; a parameter whose name ends in `_at` is a moment. It is called once in a process, with
    stand-ins, so whatever else it says is fixed: no clock of its own, no length of a list. Rows are made as always,
    with what `select_related`, `only` and annotations say; nothing is prefetched.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Row]]) -> None:
        self._build = build
        self._stand_ins = [_stand_in(name) for name in inspect.signature(build).parameters]
        self._statement: _Statement | None = None

    def rows(self, *values: uuid.UUID | str | datetime) -> list[Row]:
        """Return the rows. One query. Raises TransactionManagementError for a lock outside of a transaction."""
        connection = connections[DEFAULT_DB_ALIAS]
        statement = self._statement
        if statement is None:
            statement = self._statement = _Statement(self._build(*self._stand_ins), self._stand_ins, connection)
        if statement.is_a_lock and not connection.in_atomic_block:
            raise TransactionManagementError("select_for_update cannot be used outside of a transaction.")
        return statement.rows(connection, values)

    def row(self, *values: uuid.UUID | str | datetime) -> Row | None:
        """Return the first row, or None."""
        return next(iter(self.rows(*values)), None)
