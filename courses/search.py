"""Full-text search of the catalogue: one function, whatever the database.

PostgreSQL looks words up by their beginnings in a GIN index over the column `search`, which triggers keep (migration
`0003_search`): the title weighs most, then the instructor's name, then the summary, then the description. SQLite has no
such column: there, each word must stand somewhere in one of the four, also in the middle of a longer word, and a hit in
the title counts most. Neither knows a language's grammar; "knot" finds "knots", "knots" does not find "knot".
"""

import re
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Case, FloatField, QuerySet, Value, When
from django.db.models.expressions import RawSQL

MOST_WORDS = 8
WEIGHTS = {"title": 8.0, "instructor__full_name": 4.0, "short_description": 2.0, "description": 1.0}
FOUND = """"courses_course"."search" @@ to_tsquery('simple', %s)"""
RANK = """ts_rank("courses_course"."search", to_tsquery('simple', %s))"""


def search(courses: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Return those of `courses` that have every word of `text`, the best match first; none for a text without words.

    Adds `relevance` to each, and no query.
    """
    words = re.findall(r"\w+", text)[:MOST_WORDS]
    if not words:
        return courses.none()
    found = _in_index(courses, words) if connection.vendor == "postgresql" else _in_columns(courses, words)
    return found.order_by("-relevance", "-enrollments_count", "id")


def _in_index(courses: QuerySet[Any], words: list[str]) -> QuerySet[Any]:
    query = " & ".join(f"'{word}':*" for word in words)
    is_found = RawSQL(FOUND, [query], output_field=BooleanField())  # noqa: S611  # fixed SQL; the words are a parameter
    rank = RawSQL(RANK, [query], output_field=FloatField())  # noqa: S611  # fixed SQL; the words are a parameter
    return courses.filter(is_found).annotate(relevance=rank)


def _in_columns(courses: QuerySet[Any], words: list[str]) -> QuerySet[Any]:
    relevance: Any = Value(0.0, output_field=FloatField())
    for word in words:
        places = [When(**{f"{column}__icontains": word}, then=Value(weight)) for column, weight in WEIGHTS.items()]
        weight = Case(*places, default=Value(0.0), output_field=FloatField())
        name = f"weight_of_{len(courses.query.annotations)}"
        courses = courses.alias(**{name: weight}).filter(**{f"{name}__gt": 0})
        relevance = relevance + weight
    return courses.annotate(relevance=relevance)
