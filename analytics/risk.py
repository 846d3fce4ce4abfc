"""Students at risk of dropping out, with the reasons, for their teachers."""

import uuid
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import ngettext

from courses.models import Course
from enrollments.calendar import find_done_work
from enrollments.models import Enrollment, Extension, GradedItem

INACTIVE_DAYS = 14
ABANDONED_DAYS = 120  # students inactive for longer have left and are not listed
MAX_STUDENTS = 20


@dataclass(frozen=True)
class StudentAtRisk:
    """A student of one course, with the reasons as texts."""

    enrollment: Enrollment
    reasons: list[str]


def students_at_risk(courses: QuerySet[Course]) -> list[StudentAtRisk]:
    """Return active students of these courses without a visit for two weeks, most recently active first.

    At most 20; students inactive for 120 days are left out. Each has the number of missed deadlines. Six queries.
    """
    now = timezone.now()
    quiet = Enrollment.objects.active().filter(
        course__in=courses,
        course__is_published=True,
        completed_at=None,
        last_activity_at__lt=now - timedelta(days=INACTIVE_DAYS),
        last_activity_at__gte=now - timedelta(days=ABANDONED_DAYS),
    )
    found = list(quiet.select_related("user", "course").order_by("-last_activity_at", "id")[:MAX_STUDENTS])
    missed = _missed_deadlines(found)
    return [StudentAtRisk(row, _reason_texts((now - row.last_activity_at).days, missed[row.pk])) for row in found]


def risk_reasons(enrollment: Enrollment) -> list[str]:
    """Return the reasons why a student is at risk; an empty list if they are not. Five queries.

    Unlike `students_at_risk`, includes students who have been inactive for months or have only missed deadlines.
    """
    if not enrollment.is_active or enrollment.completed_at is not None:
        return []
    days = (timezone.now() - enrollment.last_activity_at).days
    return _reason_texts(days if days >= INACTIVE_DAYS else 0, _missed_deadlines([enrollment])[enrollment.pk])


def _missed_deadlines(enrollments: list[Enrollment]) -> Counter[uuid.UUID]:
    """Count, by enrollment, the overdue items that are not done (`find_done_work`) and have no extension."""
    now = timezone.now()
    items = GradedItem.objects.published().filter(course__in={row.course_id for row in enrollments}, due_at__lt=now)
    done = find_done_work([row.pk for row in enrollments])
    later = Extension.objects.filter(enrollment__in=enrollments, due_at__gte=now).values_list("enrollment", "item")
    handled = done | set(later)
    by_course: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for course_id, item_id in items.order_by().values_list("course", "pk"):
        by_course[course_id].append(item_id)
    return Counter(
        row.pk for row in enrollments for item_id in by_course[row.course_id] if (row.pk, item_id) not in handled
    )


def _reason_texts(days: int, missed: int) -> list[str]:
    """Return the reasons as texts."""
    reasons = [ngettext("no visit for %(n)d day", "no visit for %(n)d days", days) % {"n": days}] if days else []
    if missed:
        reasons.append(ngettext("%(n)d deadline missed", "%(n)d deadlines missed", missed) % {"n": missed})
    return reasons


def risk_row(one: StudentAtRisk) -> dict[str, Any]:
    """Return a student as plain values for the API."""
    return {
        "enrollment_id": one.enrollment.pk,
        "full_name": one.enrollment.user.full_name,
        "course_id": one.enrollment.course_id,
        "course_slug": one.enrollment.course.slug,
        "course_title": one.enrollment.course.title,
        "last_activity_at": one.enrollment.last_activity_at,
        "reasons": one.reasons,
    }
