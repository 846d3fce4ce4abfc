"""The final grade of a course, and where it comes from. Gradebook, student's page and API all ask here."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from django.template.defaultfilters import floatformat
from django.utils.translation import gettext as _

from enrollments.grades import Standing, current_grades
from enrollments.models import Enrollment, GradedItem

HUNDREDTH = Decimal("0.01")


class Line(NamedTuple):
    """One graded item of a course, and what one student has for it; a tuple, since a gradebook has thousands."""

    item: GradedItem
    entry: Standing | None

    @property
    def points(self) -> Decimal | None:
        """The points that stand; None without a grade, and for excused work."""
        return self.entry.points if self.entry else None

    @property
    def is_excused(self) -> bool:
        """Whether the student need not do it."""
        return self.entry is not None and self.entry.is_excused

    @property
    def percent(self) -> Decimal | None:
        """The points in percent of what was possible, to a hundredth; None without a grade."""
        if self.points is None or not self.item.points_possible:
            return None
        return (100 * self.points / self.item.points_possible).quantize(HUNDREDTH, ROUND_HALF_UP)

    @property
    def counts(self) -> bool:
        """Whether it is part of the final grade: graded, possible to score in, and of some weight."""
        return self.points is not None and self.item.is_counted


@dataclass(frozen=True)
class FinalGrade:
    """What one student has in a course so far.

    `percent` is 0 to 100 to a hundredth, half up, or None before anything is graded.
    """

    percent: Decimal | None
    items: Sequence[GradedItem]
    entries: list[Standing | None]

    @property
    def lines(self) -> list[Line]:
        """Each item with what stands for it."""
        return [Line(item, entry) for item, entry in zip(self.items, self.entries, strict=True)]

    @property
    def formula(self) -> str:
        """The sum, filled in: "(80% · 2 + 100% · 1) ÷ 3 = 86.67%"; empty before anything is graded."""
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


def final_grade(items: Sequence[GradedItem], grades: Mapping[int, Standing]) -> FinalGrade:
    """Return the mean of what is graded, in percent and weighted by item. No queries.

    Work that is excused, not graded yet or without weight does not count: a grade says what was shown so far.
    `grades` holds one student's standing entries, as `current_grades` gives them.
    """
    entries = [grades.get(item.id.int) for item in items]
    earned = weights = Decimal(0)
    for item, entry in zip(items, entries, strict=True):
        if entry is not None and entry.points is not None and item.is_counted:
            earned += 100 * entry.points / item.points_possible * item.weight
            weights += item.weight
    return FinalGrade((earned / weights).quantize(HUNDREDTH, ROUND_HALF_UP) if weights else None, items, entries)


def grades_of(enrollment: Enrollment) -> FinalGrade:
    """Return one student's grades in a course: its published items, in order. Two queries."""
    return grades_of_many([enrollment])[0][1]


def grades_of_many(enrollments: list[Enrollment]) -> list[tuple[Enrollment, FinalGrade]]:
    """Return each enrolment with its grades, in the order given. Two queries for any number of them."""
    courses = {enrollment.course_id for enrollment in enrollments}
    by_course: dict[uuid.UUID, list[GradedItem]] = defaultdict(list)
    for item in GradedItem.objects.published().filter(course__in=courses).select_related("course"):
        by_course[item.course_id].append(item)
    standing = current_grades(enrollment_ids=[row.pk for row in enrollments])
    return [(row, final_grade(by_course[row.course_id], standing[row.pk.int])) for row in enrollments]
