"""The gradebook of a course: its students, what is graded, and what each has."""

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.defaultfilters import floatformat
from django.utils.text import Truncator
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from courses.models import Course
from enrollments.final_grades import FinalGrade, Line, final_grade
from enrollments.grades import Standing, current_grades
from enrollments.models import Enrollment, GradedItem
from lms.platform.audit import record

NOTHING = "\N{EN DASH}"
LONGEST_HEAD = 40


# What a gradebook shows of its columns; models of everything were a fifth of the page's cost.
SHOWN_OF_ITEMS = ("course_id", "title", "points_possible", "weight")


@lru_cache(maxsize=10_000)
def short(number: Decimal, language: str | None) -> str:
    """Return points or percent as people write them in a language, which is the one in use: 8, 8.5, 8.25. Kept, since a
    gradebook has thousands of few values."""
    return floatformat(number, -2)


class Student(NamedTuple):
    """Whose row it is."""

    enrollment_id: uuid.UUID
    name: str
    email: str


class ShownRow(NamedTuple):
    """A student as the table shows them: a tuple of texts, which a template unpacks faster than it looks them up."""

    name: str
    enrollment_id: uuid.UUID
    final: str
    cells: list[str]


@dataclass(frozen=True)
class Row:
    """One student of the gradebook."""

    student: Student
    grades: FinalGrade

    def shown(self, excused: str, language: str | None) -> ShownRow:
        """Return the row in a language: points without needless zeros, a dash without any, a word for excused work."""
        percent = self.grades.percent
        cells = [_said(entry, excused, language) for entry in self.grades.entries]
        final = "" if percent is None else short(percent, language)
        return ShownRow(self.student.name, self.student.enrollment_id, final, cells)


def _said(entry: Standing | None, excused: str, language: str | None) -> str:
    if entry is None or (entry.points is None and not entry.is_excused):
        return NOTHING
    return excused if entry.is_excused else short(entry.points, language)


@dataclass(frozen=True)
class Gradebook:
    """Students by graded items. Every row has a line for every item, in the same order."""

    items: list[GradedItem]
    rows: list[Row]

    @property
    def columns(self) -> list[tuple[str, str]]:
        """The heads of the table: each item's title, cut to fit, and its points."""
        language = get_language()
        return [
            (item.title if len(item.title) <= LONGEST_HEAD else Truncator(item.title).chars(LONGEST_HEAD),
             short(item.points_possible, language))
            for item in self.items
        ]  # fmt: skip

    @property
    def shown(self) -> list[ShownRow]:
        """The rows as the table shows them, in the language that is in use."""
        excused, language = _("exc."), get_language()
        return [row.shown(excused, language) for row in self.rows]


def students_of(course: Course, search: str = "") -> QuerySet[Enrollment, tuple[uuid.UUID, str, str]]:
    """Return the students that a gradebook lists, by name, as what makes a `Student`; `search` narrows them by name or
    address."""
    rows = Enrollment.objects.active().filter(course=course).order_by("user__full_name", "id")
    if search:
        rows = rows.filter(Q(user__full_name__icontains=search) | Q(user__email__icontains=search))
    return rows.values_list("pk", "user__full_name", "user__email")


def gradebook_of(course: Course, students: Iterable[tuple[uuid.UUID, str, str]]) -> Gradebook:
    """Return the gradebook of these of `students_of`. Two queries, for any number of students and items."""
    listed = [Student(*one) for one in students]
    return _folded(course, listed, current_grades(enrollment_ids=[one.enrollment_id for one in listed]))


def _folded(course: Course, students: list[Student], standing: dict[int, dict[int, Standing]]) -> Gradebook:
    """Return the gradebook from the entries that stand. One query, for the items."""
    items = list(GradedItem.objects.published().filter(course=course).only(*SHOWN_OF_ITEMS))
    rows = [Row(one, final_grade(items, standing[one.enrollment_id.int])) for one in students]
    return Gradebook(items, rows)


def as_rows(course: Course) -> Iterator[list[str]]:
    """Yield the whole gradebook as rows of text for a CSV file, the names of the columns first.

    Points as they stand; "excused" for excused work, empty without a grade. Three queries.
    """
    students = [Student(*one) for one in students_of(course)]
    ids = students_of(course).order_by().values("pk")
    book = _folded(course, students, current_grades(enrollment_ids=ids))
    columns = [f"{item.title} ({item.points_possible:f})" for item in book.items]
    yield [_("Name"), _("E-mail"), *columns, _("Final grade in percent")]
    for row in book.rows:
        cells = [_cell(line) for line in row.grades.lines]
        final = "" if row.grades.percent is None else f"{row.grades.percent:f}"
        yield [row.student.name, row.student.email, *cells, final]


def _cell(line: Line) -> str:
    """Return what stands in one cell of the CSV."""
    if line.is_excused:
        return _("excused")
    return "" if line.points is None else f"{line.points:f}"


@transaction.atomic
def set_weights(*, actor: Any, course: Course, weights: dict[str, Decimal]) -> None:
    """Set how much each item of a course counts: weights (0 or more) by the item's id as text. Others stay."""
    items = GradedItem.objects.select_for_update().filter(course=course, pk__in=list(weights)).order_by("pk")
    changed = [item for item in items if item.weight != weights[str(item.pk)]]
    said = {str(item.pk): [str(item.weight), str(weights[str(item.pk)])] for item in changed}
    for item in changed:
        item.weight = weights[str(item.pk)]
    GradedItem.objects.bulk_update(changed, ["weight"])
    if changed:
        record(actor=actor, action="instructors.weights_set", target=course, changes=said)
