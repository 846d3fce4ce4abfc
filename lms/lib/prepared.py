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

Row = TypeVar("Row")

LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)
KEPT = "_prepared_statements"  # on a connection, which belongs to one thread, and whose statements end with it


@dataclass
class _Asked:
    """As much of a QuerySet as its iterable of rows looks at."""

    query: Any
    model: Any
    _fields: Any
    db: str = DEFAULT_DB_ALIAS
    _known_related_objects: dict[Any, Any] = field(default_factory=dict)


class _Statement:
    """A SELECT in the words of one connection, with places for the values that it is asked with."""

    def __init__(self, queryset: Any, stand_ins: list[uuid.UUID | datetime], connection: Any) -> None:
        query = queryset.query
        compiler = query.get_compiler(connection=connection)
        self.sql, params = compiler.as_sql()
        self.params = list(params)
        # A stand-in comes back as the column's field spells it: itself, or as text.
        spelled: dict[Any, tuple[int, Callable[[Any], Any]]] = {}
        moment = connection.ops.adapt_datetimefield_value
        for number, one in enumerate(stand_ins):
            if isinstance(one, datetime):
                spelled[moment(one)] = (number, moment)
            else:
                spelled |= {one: (number, _itself), one.hex: (number, _hex), str(one): (number, str)}
        self.places = [
            (place, *spelled[one])
            for place, one in enumerate(self.params)
            if isinstance(one, uuid.UUID | str | datetime) and one in spelled
        ]
        converters = compiler.get_converters([one for one, _sql, _alias in compiler.select])
        compiler.execute_sql = self._execute
        compiler.get_converters = lambda _expressions: converters
        query.get_compiler = lambda *_args, **_kwargs: compiler
        self.connection = connection
        self.is_a_lock = query.select_for_update
        self.iterable = queryset._iterable_class(_Asked(query, queryset.model, queryset._fields))

    def rows(self, values: tuple[Any, ...]) -> list[Any]:
        for place, number, spell in self.places:
            self.params[place] = spell(values[number])
        return list(self.iterable)

    def _execute(self, *_args: Any, **_kwargs: Any) -> list[Any]:
        with self._cursor() as cursor:
            cursor.execute(self.sql, self.params)
            return [cursor.fetchall()]

    def _cursor(self) -> Any:
        """Return a cursor; on PostgreSQL one whose statements the server plans once, too, and keeps, unless somebody
        looks at statements: such a cursor has no text to show."""
        connection = self.connection
        if connection.vendor != "postgresql" or connection.queries_logged:
            return connection.cursor()
        connection.ensure_connection()
        session = connection.connection
        usual, session.cursor_factory = session.cursor_factory, connection.Database.Cursor
        try:
            return connection.cursor()
        finally:
            session.cursor_factory = usual


def _stand_in(name: str) -> uuid.UUID | datetime:
    number = uuid.uuid4()
    return LONG_AGO + timedelta(microseconds=number.int % 10**15) if name.endswith("_at") else number


def _itself(value: uuid.UUID) -> uuid.UUID:
    return value


def _hex(value: uuid.UUID) -> str:
    return value.hex


class Prepared(Generic[Row]):
    """A SELECT whose words stay and whose values change: ids, the texts of other keys, and moments.

    `build` takes the values, and gives a QuerySet in which each stands as it is, in `filter(pk=...)` or
    `filter(user=...)`; a parameter whose name ends in `_at` is a moment. It is called once for each connection, with
    stand-ins, so whatever else it says is fixed: no clock of its own, no length of a list. Rows are made as always,
    with what `select_related`, `only` and annotations say; nothing is prefetched.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Row]]) -> None:
        self._build = build
        self._stand_ins = [_stand_in(name) for name in inspect.signature(build).parameters]

    def rows(self, *values: uuid.UUID | str | datetime) -> list[Row]:
        """Return the rows. One query. Raises TransactionManagementError for a lock outside of a transaction."""
        connection = connections[DEFAULT_DB_ALIAS]
        kept = vars(connection).setdefault(KEPT, {})
        statement = kept.get(self)
        if statement is None:
            statement = kept[self] = _Statement(self._build(*self._stand_ins), self._stand_ins, connection)
        if statement.is_a_lock and not connection.in_atomic_block:
            raise TransactionManagementError("select_for_update cannot be used outside of a transaction.")
        return statement.rows(values)

    def row(self, *values: uuid.UUID | str | datetime) -> Row | None:
        """Return the first row, or None."""
        return next(iter(self.rows(*values)), None)
