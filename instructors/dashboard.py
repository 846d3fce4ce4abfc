"""What an instructor looks at first: their courses, what waits for them, who may be lost, what came in."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import Count, F, QuerySet

from accounts.models import User
from analytics.models import Figure
from analytics.periods import Period, last_days
from analytics.reports import MONEY, money_of
from analytics.risk import as_row, students_at_risk
from analytics.tallies import Reader, reader_of
from assignments.models import Submission
from courses.models import Course
from enrollments.models import Enrollment
from quizzes.models import Attempt

MOST_COURSES = 100


def dashboard_of(user: User) -> dict[str, Any]:
    """Return the dashboard of a teacher, of a hundred courses at most, the last changed first. A dozen queries, and
    two for each source of today's part."""
    mine = Course.objects.filter(instructor=user)
    courses = list(mine.order_by("-updated_at", "id")[:MOST_COURSES])
    reader, month = reader_of(mine), last_days()
    recent = reader.by_course(month, (Figure.ENROLLMENTS,))
    ever = reader.by_course(reader.until(month.last), (Figure.COMPLETIONS,))
    submissions = Submission.objects.waiting().filter(assignment__course__in=mine)
    essays = Attempt.objects.submitted().filter(quiz__course__in=mine, passed=None)
    counts = {
        "new_students_30d": {course_id: sums.of(Figure.ENROLLMENTS) for course_id, sums in recent.items()},
        "completions": {course_id: sums.of(Figure.COMPLETIONS) for course_id, sums in ever.items()},
        "waiting_submissions": _by_course(submissions, "assignment__course"),
        "waiting_essays": _by_course(essays, "quiz__course"),
    }
    return {
        "courses": [_course(course, counts) for course in courses],
        "total_courses": mine.count(),
        "total_students": Enrollment.objects.active().filter(course__in=mine).values("user").distinct().count(),
        "active_students_30d": reader.active(month),
        "waiting_for_grading": sum(sum(counts[name].values()) for name in ("waiting_submissions", "waiting_essays")),
        "revenue": _revenue(reader, month),
        "students_at_risk": [as_row(one) for one in students_at_risk(mine)],
    }


def enrollments_of(user: User) -> tuple[Period, Counter[date], Counter[date]]:
    """Return the last 30 days with a teacher's new students by day, and those of the 30 days before."""
    reader, month = reader_of(Course.objects.filter(instructor=user)), last_days()
    now, before = (reader.series(days, (Figure.ENROLLMENTS,))[Figure.ENROLLMENTS] for days in (month, month.before()))
    return month, now, before


def _by_course(rows: QuerySet[Any], course: str) -> dict[Any, int]:
    """Return how many rows there are by course. One query."""
    counted = rows.order_by().values(group=F(course)).annotate(n=Count("pk"))
    return {row["group"]: row["n"] for row in counted}


def _course(course: Course, counts: Mapping[str, Mapping[Any, int]]) -> dict[str, Any]:
    """Return one course with its figures."""
    return {
        "course_id": course.pk,
        "title": course.title,
        "slug": course.slug,
        "is_published": course.is_published,
        "students": course.enrollments_count,
        "average_rating": course.average_rating,
        **{name: counted.get(course.pk, 0) for name, counted in counts.items()},
    }


def _revenue(reader: Reader, month: Period) -> list[dict[str, Any]]:
    """Return what came in net in these days, a row for each currency."""
    sums = reader.sums(month, MONEY)
    currencies = sorted({*sums.by_subject(Figure.GROSS), *sums.by_subject(Figure.REFUNDS)})
    return [{"currency": currency, "net_30d": money_of(sums, currency)["net"]} for currency in currencies]
