"""Indexes that reports need on the tables of apps below, which know nothing of reports.

Today's part of every figure is read by time, over all courses: a look at the newest rows in place of a walk through
all of them. They are made after every migrate, since SQLite makes a table anew to alter it, and forgets them.
"""

from typing import Any

from django.db import connections

from enrollments.models import Enrollment, GradeEntry, LessonProgress
from payments.models import LedgerEntry

BY_TIME: tuple[tuple[Any, str], ...] = (
    (Enrollment, "enrolled_at"),
    (Enrollment, "completed_at"),
    (LessonProgress, "completed_at"),
    (GradeEntry, "created_at"),
    (LedgerEntry, "created_at"),
)


def make_indexes(using: str, **kwargs: Any) -> None:
    """Make the indexes that are not there. One statement each."""
    connection = connections[using]
    tables = set(connection.introspection.table_names())
    quote = connection.ops.quote_name
    with connection.cursor() as cursor:
        for model, column in BY_TIME:
            table = model._meta.db_table
            if table in tables:  # a migration that went back has taken it away
                name = quote(f"analytics_{table}_{column}"[:60])
                cursor.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {quote(table)} ({quote(column)})")
