"""Data of the teaching dashboard: courses, work awaiting grading, students at risk, and revenue."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

from django.db.models import Count, F, QuerySet

from accounts.models import User
from analytics.models import Figure
from analytics.periods import Period, last_days
from analytics.reports import MONEY, revenue_figures
from analytics.risk import risk_row, students_at_risk
from analytics.rollup_reader import RollupReader, reader_for
from assignments.models import Submission
from courses.models import Course
from enrollments.models import Enrollment
from quizzes.models import Attempt

MAX_COURSES = 100


def teaching_dashboard(user: User) -> dict[str, Any]:
    """Return the dashboard of a teacher, with at most 100 courses, most recently changed first.

    About twelve queries, and two for each source of the live part of analytics.
    """
    courses_taught = Course.objects.filter(instructor=user)
    courses = list(courses_taught.order_by("-updated_at", "id")[:MAX_COURSES])
    reader, month = reader_for(courses_taught), last_days()
    recent = reader.by_course(month, (Figure.ENROLLMENTS,))
    ever = reader.by_course(reader.period_until(month.last), (Figure.COMPLETIONS,))
    submissions = Submission.objects.waiting().filter(assignment__course__in=courses_taught)
    essays = Attempt.objects.ungraded().filter(quiz__course__in=courses_taught)
    counts = {
        "new_students_30d": {course_id: sums.of(Figure.ENROLLMENTS) for course_id, sums in recent.items()},
        "completions": {course_id: sums.of(Figure.COMPLETIONS) for course_id, sums in ever.items()},
        "waiting_submissions": _count_by_course(submissions, "assignment__course"),
        "waiting_essays": _count_by_course(essays, "quiz__course"),
    }
    return {
        "courses": [_course_figures(course, counts) for course in courses],
        "total_courses": courses_taught.count(),
        "total_students": Enrollment.objects.active()
        .filter(course__in=courses_taught)
        .values("user")
        .distinct()
        .count(),
        "active_students_30d": reader.count_active(month),
        "waiting_for_grading": sum(sum(counts[name].values()) for name in ("waiting_submissions", "waiting_essays")),
        "revenue": _revenue(reader, month),
        "students_at_risk": [risk_row(one) for one in students_at_risk(courses_taught)],
    }


def new_enrollments(user: User) -> tuple[Period, Counter[date], Counter[date]]:
    """Return the last 30 days, with a teacher's new students by day in them and in the previous 30 days."""
    reader, month = reader_for(Course.objects.filter(instructor=user)), last_days()
    now, before = (reader.series(days, (Figure.ENROLLMENTS,))[Figure.ENROLLMENTS] for days in (month, month.previous()))
    return month, now, before


def _count_by_course(rows: QuerySet[Any], course: str) -> dict[Any, int]:
    """Return the number of rows by course. One query."""
    counted = rows.order_by().values(group=F(course)).annotate(n=Count("pk"))
    return {row["group"]: row["n"] for row in counted}


def _course_figures(course: Course, counts: Mapping[str, Mapping[Any, int]]) -> dict[str, Any]:
    """Return the figures of one course."""
    return {
        "course_id": course.pk,
        "title": course.title,
        "slug": course.slug,
        "is_published": course.is_published,
        "students": course.enrollments_count,
        "average_rating": course.average_rating,
        **{name: counted.get(course.pk, 0) for name, counted in counts.items()},
    }


def _revenue(reader: RollupReader, month: Period) -> list[dict[str, Any]]:
    """Return the net revenue of a period, by currency."""
    sums = reader.sums(month, MONEY)
    currencies = sorted({*sums.by_subject(Figure.GROSS), *sums.by_subject(Figure.REFUNDS)})
    return [{"currency": currency, "net_30d": revenue_figures(sums, currency)["net"]} for currency in currencies]
