"""Students who may be lost, and why: for the people who could ask them how it goes."""

import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import ngettext

from courses.models import Course
from enrollments.models import Enrollment, Extension, GradedItem, GradeEntry

QUIET_DAYS = 14
FORGOTTEN_DAYS = 120  # after which nobody is at risk any more: they have left
MOST_STUDENTS = 20


@dataclass(frozen=True)
class AtRisk:
    """One student in one course, with the reasons in words."""

    enrollment: Enrollment
    reasons: list[str]


def students_at_risk(courses: QuerySet[Course]) -> list[AtRisk]:
    """Return who of these courses has not been seen for two weeks and is not done, the last seen first.

    Twenty at most; who has been away for months has left. With each, how many deadlines they have missed. Four queries.
    """
    now = timezone.now()
    quiet = Enrollment.objects.active().filter(
        course__in=courses,
        course__is_published=True,
        completed_at=None,
        last_activity_at__lt=now - timedelta(days=QUIET_DAYS),
        last_activity_at__gte=now - timedelta(days=FORGOTTEN_DAYS),
    )
    found = list(quiet.select_related("user", "course").order_by("-last_activity_at", "id")[:MOST_STUDENTS])
    missed = _missed_deadlines(found)
    return [AtRisk(row, _reasons((now - row.last_activity_at).days, missed[row.pk])) for row in found]


def risk_of(enrollment: Enrollment) -> list[str]:
    """Return why a student may be lost, in words; nothing for who is not. Three queries.

    Unlike the list, it names who has been away for months, and who only misses deadlines.
    """
    if not enrollment.is_active or enrollment.completed_at is not None:
        return []
    days = (timezone.now() - enrollment.last_activity_at).days
    return _reasons(days if days >= QUIET_DAYS else 0, _missed_deadlines([enrollment])[enrollment.pk])


def _missed_deadlines(enrollments: list[Enrollment]) -> Counter[uuid.UUID]:
    """Return by enrolment how much work is past its due date without a grade and without a later date of their own."""
    now = timezone.now()
    items = GradedItem.objects.published().filter(course__in={row.course_id for row in enrollments}, due_at__lt=now)
    graded = set(GradeEntry.objects.filter(enrollment__in=enrollments).order_by().values_list("enrollment", "item"))
    later = Extension.objects.filter(enrollment__in=enrollments, due_at__gte=now).values_list("enrollment", "item")
    settled = graded | set(later)
    by_course: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for course_id, item_id in items.order_by().values_list("course", "pk"):
        by_course[course_id].append(item_id)
    return Counter(
        row.pk for row in enrollments for item_id in by_course[row.course_id] if (row.pk, item_id) not in settled
    )


def _reasons(days: int, missed: int) -> list[str]:
    """Return why, in words."""
    reasons = [ngettext("no visit for %(n)d day", "no visit for %(n)d days", days) % {"n": days}] if days else []
    if missed:
        reasons.append(ngettext("%(n)d deadline missed", "%(n)d deadlines missed", missed) % {"n": missed})
    return reasons


def as_row(one: AtRisk) -> dict[str, Any]:
    """Return one student as plain values, for the API."""
    return {
        "enrollment_id": one.enrollment.pk,
        "full_name": one.enrollment.user.full_name,
        "course_id": one.enrollment.course_id,
        "course_slug": one.enrollment.course.slug,
        "course_title": one.enrollment.course.title,
        "last_activity_at": one.enrollment.last_activity_at,
        "reasons": one.reasons,
    }
