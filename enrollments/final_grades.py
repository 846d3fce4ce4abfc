"""The final grade of a course and its calculation, for the gradebook, pages of students and the API."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from django.template.defaultfilters import floatformat
from django.utils.translation import gettext as _

from enrollments.grades import CurrentGrade, current_grades
from enrollments.models import Enrollment, GradedItem

HUNDREDTH = Decimal("0.01")


class GradeLine(NamedTuple):
    """A graded item and its current grade for one student. A tuple, because a gradebook holds thousands of them."""

    item: GradedItem
    entry: CurrentGrade | None

    @property
    def points(self) -> Decimal | None:
        """Points of the current grade; None without a grade and for excused work."""
        return self.entry.points if self.entry else None

    @property
    def is_excused(self) -> bool:
        """Whether the student is excused from this item."""
        return self.entry is not None and self.entry.is_excused

    @property
    def percent(self) -> Decimal | None:
        """Points in percent of the possible points, rounded to hundredths; None without a grade."""
        if self.points is None or not self.item.points_possible:
            return None
        return (100 * self.points / self.item.points_possible).quantize(HUNDREDTH, ROUND_HALF_UP)

    @property
    def counts(self) -> bool:
        """Whether the grade counts toward the final grade: it has points, and the item has points and a weight."""
        return self.points is not None and self.item.is_counted


@dataclass(frozen=True)
class FinalGrade:
    """The current final grade of one student in a course.

    `percent` is between 0 and 100, rounded half up to hundredths; None if no counted item is graded.
    """

    percent: Decimal | None
    items: Sequence[GradedItem]
    entries: list[CurrentGrade | None]

    @property
    def lines(self) -> list[GradeLine]:
        """Each item with its current grade."""
        return [GradeLine(item, entry) for item, entry in zip(self.items, self.entries, strict=True)]

    @property
    def formula(self) -> str:
        """The calculation as text: "(80% · 2 + 100% · 1) ÷ 3 = 86.67%"; empty if `percent` is None."""
        counted = [line for line in self.lines if line.counts]
        if self.percent is None:
            return ""
        terms = [
            _("%(percent)s%% · %(weight)s")
            % {"percent": floatformat(line.percent, -2), "weight": floatformat(line.item.weight, -2)}
            for line in counted
        ]
        weights = sum((line.item.weight for line in counted), Decimal(0))
        sums = {
            "terms": " + ".join(terms),
            "weights": floatformat(weights, -2),
            "percent": floatformat(self.percent, -2),
        }
        return _("(%(terms)s) ÷ %(weights)s = %(percent)s%%") % sums


def calculate_final_grade(items: Sequence[GradedItem], grades: Mapping[uuid.UUID, CurrentGrade]) -> FinalGrade:
    """Return the mean of the graded items in percent, weighted by item. No queries.

    Items that are excused, not graded yet or without weight do not count. `grades` are one student's current grades by
    item id (see `current_grades()`).
    """
    entries = [grades.get(item.pk) for item in items]
    earned = weights = Decimal(0)
    for item, entry in zip(items, entries, strict=True):
        if entry is not None and entry.points is not None and item.is_counted:
            earned += 100 * entry.points / item.points_possible * item.weight
            weights += item.weight
    return FinalGrade((earned / weights).quantize(HUNDREDTH, ROUND_HALF_UP) if weights else None, items, entries)


def get_final_grade(enrollment: Enrollment) -> FinalGrade:
    """Return one student's final grade, with the published items of the course in order. Two queries."""
    return get_final_grades([enrollment])[0][1]


def get_final_grades(enrollments: list[Enrollment]) -> list[tuple[Enrollment, FinalGrade]]:
    """Return each enrollment with its final grade, in the given order. Two queries for any number of enrollments."""
    courses = {enrollment.course_id for enrollment in enrollments}
    by_course: dict[uuid.UUID, list[GradedItem]] = defaultdict(list)
    for item in GradedItem.objects.published().filter(course__in=courses).select_related("course"):
        by_course[item.course_id].append(item)
    grades = current_grades(enrollment_ids=[row.pk for row in enrollments])
    return [(row, calculate_final_grade(by_course[row.course_id], grades[row.pk])) for row in enrollments]
