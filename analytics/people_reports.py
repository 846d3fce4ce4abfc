"""Reports on one user, counted from the rows, which are few."""

from typing import Any

from django.db.models import Avg, Count, FloatField, Max, QuerySet
from django.db.models.functions import Cast

from accounts.models import User
from analytics.models import Activity
from analytics.periods import Period
from analytics.reports import build_series
from enrollments.models import Enrollment, GradeEntry, LessonProgress


def user_report(user: User, period: Period) -> dict[str, Any]:
    """Return courses, lessons, grades and activity of a user. Seven queries."""
    enrollments = Enrollment.objects.filter(user=user).order_by()
    lessons = LessonProgress.objects.filter(enrollment__user=user, completed_at__isnull=False).order_by()
    progress = [row.progress_percentage for row in enrollments.with_progress().select_related("course")]
    return {
        "user_id": user.pk,
        "total_enrollments": len(progress),
        "completed_courses": enrollments.filter(completed_at__isnull=False).count(),
        "lessons_completed": lessons.count(),
        "average_progress": round(sum(progress) / len(progress), 2) if progress else 0.0,
        "average_grade": average_grade(enrollments),
        "last_activity_at": enrollments.order_by("-last_activity_at")
        .values_list("last_activity_at", flat=True)
        .first(),
        "date_from": period.first,
        "date_to": period.last,
        "interval": period.interval,
        "activity": activity_series(enrollments, period),
    }


def activity_series(enrollments: QuerySet[Enrollment], period: Period) -> list[dict[str, Any]]:
    """Return completed lessons and active quarters of an hour by interval, for the student of these enrollments.

    Two queries.
    """
    lessons = LessonProgress.objects.filter(enrollment__in=enrollments, **period.within("completed_at"))
    quarters = Activity.objects.filter(
        learner__user__in=enrollments.values("user"), course__in=enrollments.values("course"),
        **period.within("quarter_at"),
    )  # fmt: skip
    figures = {
        "lessons_completed": _by_interval(lessons.annotate(group=period.truncate("completed_at"))),
        "quarters": _by_interval(quarters.annotate(group=period.truncate("quarter_at"))),
    }
    return build_series(period, figures, ("lessons_completed", "quarters"))


def _by_interval(rows: QuerySet[Any]) -> dict[Any, int]:
    return dict(rows.order_by().values("group").annotate(n=Count("pk")).values_list("group", "n"))


def average_grade(enrolled: QuerySet[Enrollment]) -> float | None:
    """Return the mean of the current grades in percent, or None before anything is graded."""
    entries = GradeEntry.objects.filter(enrollment__in=enrolled).order_by()
    newest = entries.values("enrollment", "item").annotate(last=Max("pk")).values("last")
    current = GradeEntry.objects.filter(pk__in=newest, points__isnull=False, item__points_possible__gt=0)
    percent = Cast("points", FloatField()) / Cast("item__points_possible", FloatField())
    mean = current.aggregate(mean=Avg(percent))["mean"]
    return None if mean is None else round(100 * mean, 2)
