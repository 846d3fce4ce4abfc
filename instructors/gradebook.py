"""Gradebook of a course: its students, its graded items, and the current grades."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.template.defaultfilters import floatformat
from django.utils.text import Truncator
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from accounts.models import matches_person
from core.audit.entries import record
from core.db.text_functions import SortKey
from courses.models import Course
from enrollments.final_grades import FinalGrade, GradeLine, calculate_final_grade
from enrollments.grades import CurrentGrade, current_grades
from enrollments.models import Enrollment, GradedItem

DASH = "\N{EN DASH}"
MAX_HEADING_LENGTH = 40


# Fields of the items that the gradebook displays; loading all of them was a fifth of the time of the page.
ITEM_COLUMNS = ("course_id", "title", "points_possible", "weight")


@lru_cache(maxsize=10_000)
def format_number(number: Decimal, language: str | None) -> str:
    """Return points or percent in a language, without needless zeros: 8, 8.5, 8.25.

    Cached, because a gradebook has thousands of cells with few distinct values. `language` must be the active language;
    it is an argument to be part of the cache key.
    """
    return floatformat(number, -2)


class Student(NamedTuple):
    """Student of one row."""

    enrollment_id: uuid.UUID
    name: str
    email: str


class TableRow(NamedTuple):
    """Row as the table displays it. A tuple of texts: templates unpack tuples faster than they look up attributes."""

    name: str
    enrollment_id: uuid.UUID
    final: str
    cells: list[str]


@dataclass(frozen=True)
class Row:
    """Student with their grades."""

    student: Student
    grades: FinalGrade

    def to_table_row(self, excused: str, language: str | None) -> TableRow:
        """Return the row in a language: a dash without a grade, the text `excused` for excused work."""
        percent = self.grades.percent
        cells = [_cell_text(entry, excused, language) for entry in self.grades.entries]
        final = "" if percent is None else format_number(percent, language)
        return TableRow(self.student.name, self.student.enrollment_id, final, cells)


def _cell_text(entry: CurrentGrade | None, excused: str, language: str | None) -> str:
    if entry is None or (entry.points is None and not entry.is_excused):
        return DASH
    return excused if entry.is_excused else format_number(entry.points, language)


@dataclass(frozen=True)
class Gradebook:
    """Students by graded items. Each row has an entry for each item, in the same order."""

    items: list[GradedItem]
    rows: list[Row]

    @property
    def columns(self) -> list[tuple[str, str]]:
        """Headings of the table: the title of each item, truncated, and its points."""
        language = get_language()
        return [
            (item.title if len(item.title) <= MAX_HEADING_LENGTH else Truncator(item.title).chars(MAX_HEADING_LENGTH),
             format_number(item.points_possible, language))
            for item in self.items
        ]  # fmt: skip

    @property
    def table_rows(self) -> list[TableRow]:
        """Rows of the table, in the active language."""
        excused, language = _("exc."), get_language()
        return [row.to_table_row(excused, language) for row in self.rows]


def gradebook_students(course: Course, search: str = "") -> QuerySet[Enrollment, tuple[uuid.UUID, str, str]]:
    """Return the students of the gradebook by name, as tuples of the fields of `Student`.

    `search` limits them by name or email address.
    """
    rows = Enrollment.objects.active().filter(course=course).order_by(SortKey("user__full_name"), "id")
    if search:
        rows = rows.filter(matches_person(search, "user__"))
    return rows.values_list("pk", "user__full_name", "user__email")


def build_gradebook(course: Course, students: Iterable[tuple[uuid.UUID, str, str]]) -> Gradebook:
    """Return the gradebook of some rows of `gradebook_students`. Two queries for any number of students and items."""
    listed = [Student(*one) for one in students]
    return _assemble(course, listed, current_grades(enrollment_ids=[one.enrollment_id for one in listed]))


def _assemble(
    course: Course, students: list[Student], current: dict[uuid.UUID, dict[uuid.UUID, CurrentGrade]]
) -> Gradebook:
    """Return the gradebook of students with their current grades by enrollment and item. One query, for the items."""
    items = list(GradedItem.objects.published().filter(course=course).only(*ITEM_COLUMNS))
    rows = [Row(one, calculate_final_grade(items, current[one.enrollment_id])) for one in students]
    return Gradebook(items, rows)


def csv_rows(course: Course) -> Iterator[list[str]]:
    """Yield the whole gradebook as rows of text for a CSV file, header first.

    Points are not rounded; excused work is "excused", an item without a grade is empty. Three queries.
    """
    students = [Student(*one) for one in gradebook_students(course)]
    ids = gradebook_students(course).order_by().values("pk")
    book = _assemble(course, students, current_grades(enrollment_ids=ids))
    columns = [f"{item.title} ({item.points_possible:f})" for item in book.items]
    yield [_("Name"), _("E-mail"), *columns, _("Final grade in percent")]
    for row in book.rows:
        cells = [_csv_cell(line) for line in row.grades.lines]
        final = "" if row.grades.percent is None else f"{row.grades.percent:f}"
        yield [row.student.name, row.student.email, *cells, final]


def _csv_cell(line: GradeLine) -> str:
    """Return the text of one cell of the CSV file."""
    if line.is_excused:
        return _("excused")
    return "" if line.points is None else f"{line.points:f}"


@transaction.atomic
def set_weights(*, actor: Any, course: Course, weights: dict[str, Decimal]) -> None:
    """Set the weights (0 or more) of items of a course, by item id as text. Other items keep their weight."""
    items = GradedItem.objects.select_for_update().filter(course=course, pk__in=list(weights)).order_by("pk")
    changed = [item for item in items if item.weight != weights[str(item.pk)]]
    changes = {str(item.pk): [str(item.weight), str(weights[str(item.pk)])] for item in changed}
    for item in changed:
        item.weight = weights[str(item.pk)]
    GradedItem.objects.bulk_update(changed, ["weight"])
    if changed:
        record(actor=actor, action="instructors.weights_set", target=course, changes=changes)
