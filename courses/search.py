"""Full-text search of courses, with one implementation for PostgreSQL and one for SQLite.

PostgreSQL matches words by prefix in a GIN index on the column `search`, which triggers maintain (migration
`0003_search`). The weights descend from the title over the instructor's name and the short description to the
description. SQLite has no such column: each word must occur in one of the four fields, also in the middle of a longer
word, and a match in the title weighs most. Neither stems words: "knot" finds "knots", "knots" does not find "knot". A
word with signs, such as "C++" and "C#", must occur with them, on both.
"""

import re
from functools import reduce
from operator import or_
from typing import Any

from django.db import connection
from django.db.models import BooleanField, Case, FloatField, Q, QuerySet, Value, When
from django.db.models.expressions import RawSQL

MAX_WORDS = 8
WORD = re.compile(r"\w+(?:[+#]+\w*)*")
SIGNS = re.compile("[+#]")
WEIGHTS = {"title": 8.0, "instructor__full_name": 4.0, "short_description": 2.0, "description": 1.0}
MATCH = """"courses_course"."search" @@ to_tsquery('simple', %s)"""
RANK = """ts_rank("courses_course"."search", to_tsquery('simple', %s))"""


def search_courses(courses: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Return the courses that contain every word of `text`, best match first; none if `text` has no words.

    Each course is annotated with `relevance`. No query is executed.
    """
    words = WORD.findall(text)[:MAX_WORDS]
    if not words:
        return courses.none()
    matches = _search_index(courses, words) if connection.vendor == "postgresql" else _search_columns(courses, words)
    return matches.order_by("-relevance", "-enrollments_count", "id")


def _search_index(courses: QuerySet[Any], words: list[str]) -> QuerySet[Any]:
    query = " & ".join(f"'{part}':*" for word in words for part in re.findall(r"\w+", word))
    for word in filter(SIGNS.search, words):  # the index has no signs
        courses = courses.filter(reduce(or_, [Q(**{f"{column}__icontains": word}) for column in WEIGHTS]))
    matches = RawSQL(MATCH, [query], output_field=BooleanField())  # noqa: S611  # fixed SQL; the words are a parameter
    rank = RawSQL(RANK, [query], output_field=FloatField())  # noqa: S611  # fixed SQL; the words are a parameter
    return courses.filter(matches).annotate(relevance=rank)


def _search_columns(courses: QuerySet[Any], words: list[str]) -> QuerySet[Any]:
    relevance: Any = Value(0.0, output_field=FloatField())
    for word in words:
        cases = [When(**{f"{column}__icontains": word}, then=Value(weight)) for column, weight in WEIGHTS.items()]
        weight = Case(*cases, default=Value(0.0), output_field=FloatField())
        name = f"weight_of_{len(courses.query.annotations)}"
        courses = courses.alias(**{name: weight}).filter(**{f"{name}__gt": 0})
        relevance = relevance + weight
    return courses.annotate(relevance=relevance)
