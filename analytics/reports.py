"""What the reports say: counted from the rows, refunds taken off, no two currencies in one sum (QUALITY N02)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Avg, Count, F, FloatField, Max, Q, QuerySet, Sum
from django.db.models.functions import Cast, Coalesce

from accounts.models import User
from analytics.periods import Period, last_days
from courses.models import Course, Lesson
from enrollments.models import Enrollment, GradeEntry, LessonProgress
from payments.models import EntryKind, LedgerEntry

MOST_COURSES = 100
GIVEN_BACK = (EntryKind.REFUND, EntryKind.DISPUTE)
ENROLLMENT_FIGURES = ("enrollments", "completions", "active")
REVENUE_FIGURES = ("orders", "gross", "refunds", "net")


@dataclass(frozen=True)
class Report:
    """A series of figures with its totals, and the same by course."""

    period: Period
    totals: dict[str, int]
    series: list[dict[str, Any]]
    by_course: list[dict[str, Any]]


def enrollment_report(period: Period, courses: QuerySet[Course] | None = None) -> Report:
    """Return how many enrolled, completed and learned in each interval; `courses` narrows it. Nine queries.

    `active` counts people who did something of a lesson, each once in an interval, and once in the totals.
    """
    every = Enrollment.objects.all() if courses is None else Enrollment.objects.filter(course__in=courses)
    done = LessonProgress.objects.all() if courses is None else LessonProgress.objects.filter(
        enrollment__course__in=courses
    )  # fmt: skip
    people = Count("enrollment__user", distinct=True)
    sources: dict[str, tuple[QuerySet[Any], str, str, Any]] = {
        "enrollments": (every, "enrolled_at", "course", Count("pk")),
        "completions": (every, "completed_at", "course", Count("pk")),
        "active": (done, "updated_at", "enrollment__course", people),
    }
    totals, by_date, by_course = {}, {}, {}
    for name, (rows, column, course, count) in sources.items():
        inside = rows.filter(**period.within(column)).order_by()
        totals[name] = inside.aggregate(n=count)["n"] or 0
        by_date[name] = _counted(inside.annotate(group=period.cut(column)), count)
        by_course[name] = _counted(inside.annotate(group=F(course)), count)
    return Report(period, totals, _series(period, by_date), _by_course(by_course, ENROLLMENT_FIGURES))


def revenue_report(period: Period, currency: str, courses: QuerySet[Course] | None = None) -> Report:
    """Return orders, gross, refunds and net of one currency in its minor unit. Four queries.

    Money that a dispute took counts as given back, and as given back no more once the dispute is won.
    """
    entries = LedgerEntry.objects.filter(currency=currency, **period.within("created_at")).order_by()
    if courses is not None:
        entries = entries.filter(order__course__in=courses)
    totals = entries.aggregate(**_money())
    by_date = entries.annotate(group=period.cut("created_at")).values("group").annotate(**_money())
    by_course = entries.annotate(group=F("order__course")).values("group").annotate(**_money())
    return Report(
        period,
        _with_net(totals),
        _series(period, _turned(list(by_date))),
        _by_course(_turned(list(by_course)), REVENUE_FIGURES),
    )


def _money() -> dict[str, Any]:
    """Return the sums over ledger entries."""

    def of(*kinds: EntryKind) -> Any:
        return Coalesce(Sum("amount", filter=Q(kind__in=kinds)), 0)

    return {
        "orders": Count("pk", filter=Q(kind=EntryKind.PAYMENT)),
        "gross": of(EntryKind.PAYMENT),
        "refunds": of(*GIVEN_BACK) - of(EntryKind.DISPUTE_WON),
    }


def _with_net(sums: Mapping[str, int]) -> dict[str, int]:
    return {**{name: sums[name] for name in ("orders", "gross", "refunds")}, "net": sums["gross"] - sums["refunds"]}


def _turned(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[Any, int]]:
    """Return sums by figure and group, from rows that have a group and all figures."""
    listed = [(row["group"], _with_net(row)) for row in rows]
    return {name: {group: sums[name] for group, sums in listed} for name in REVENUE_FIGURES}


def _counted(rows: QuerySet[Any], count: Any) -> dict[Any, int]:
    """Return the count of each group."""
    return dict(rows.values("group").annotate(n=count).values_list("group", "n"))


def _series(period: Period, figures: dict[str, dict[Any, int]]) -> list[dict[str, Any]]:
    """Return one row for each interval, those without anything too."""
    return [{"date": day, **{name: counts.get(day, 0) for name, counts in figures.items()}} for day in period.dates()]


def _by_course(figures: dict[str, dict[Any, int]], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the courses with the highest last figure first, a hundred at most. One query."""
    ids = {course_id for counts in figures.values() for course_id in counts}
    titles = dict(Course.objects.filter(pk__in=ids).values_list("pk", "title"))
    rows: list[dict[str, Any]] = [
        {"course_id": course_id, "title": title, **{name: figures[name].get(course_id, 0) for name in names}}
        for course_id, title in titles.items()
    ]
    rows.sort(key=lambda row: str(row["title"]))
    rows.sort(key=lambda row: (row[names[0]], row[names[-1]]), reverse=True)
    return rows[:MOST_COURSES]


def overview(period: Period | None, currency: str) -> dict[str, int]:
    """Return the figures of the whole site (seed, `AnalyticsOverview`). Six queries.

    With a period, the totals count what came to be in it, and the last 30 days are those that end with it.
    """
    month = last_days(until=period.last if period else None)
    users, courses, enrollments = User.objects.all(), Course.objects.all(), Enrollment.objects.all()
    entries = LedgerEntry.objects.filter(currency=currency)
    if period:
        users, courses = users.filter(**period.within("created_at")), courses.filter(**period.within("created_at"))
        enrollments = enrollments.filter(**period.within("enrolled_at"))
        entries = entries.filter(**period.within("created_at"))
    return {
        "total_users": users.count(),
        "total_courses": courses.count(),
        "total_enrollments": enrollments.count(),
        "total_revenue": _with_net(entries.order_by().aggregate(**_money()))["net"],
        "active_users_30d": _active_people(month),
        "new_enrollments_30d": Enrollment.objects.filter(**month.within("enrolled_at")).count(),
    }


def _active_people(period: Period) -> int:
    rows = LessonProgress.objects.filter(**period.within("updated_at")).order_by()
    return int(rows.aggregate(n=Count("enrollment__user", distinct=True))["n"])


def course_report(course: Course, period: Period | None, currency: str) -> dict[str, Any]:
    """Return how a course does (seed, `CourseAnalytics`), with the funnel of its lessons. Seven queries.

    Rates and averages are percent, 0 to 100 to a hundredth, 0.0 where nobody has enrolled. With a period, it is about
    those who enrolled in it, and the money of it.
    """
    enrolled = Enrollment.objects.filter(course=course).order_by()
    entries = LedgerEntry.objects.filter(order__course=course, currency=currency).order_by()
    if period:
        enrolled = enrolled.filter(**period.within("enrolled_at"))
        entries = entries.filter(**period.within("created_at"))
    total, completed = enrolled.count(), enrolled.filter(completed_at__isnull=False).count()
    lessons = list(Lesson.objects.published().filter(course=course).order_by("order").values("pk", "title"))
    done = _lessons_done(enrolled)
    return {
        "course_id": course.pk,
        "title": course.title,
        "currency": currency,
        "total_enrollments": total,
        "active_learners_30d": enrolled.filter(**last_days().within("last_activity_at")).count(),
        "completion_rate": _percent(completed, total),
        "average_progress": _average_progress(enrolled, completed, total, len(lessons)),
        "average_rating": course.average_rating,
        "average_grade": _average_grade(enrolled),
        "revenue": _with_net(entries.aggregate(**_money()))["net"],
        "funnel": [
            {"lesson_id": lesson["pk"], "title": lesson["title"], "completed": done.get(lesson["pk"], 0)}
            for lesson in lessons
        ],
    }


def _lessons_done(enrolled: QuerySet[Enrollment]) -> dict[Any, int]:
    """Return by lesson how many of the enrolled have completed it."""
    rows = LessonProgress.objects.filter(enrollment__in=enrolled, completed_at__isnull=False).order_by()
    return _counted(rows.annotate(group=F("lesson")), Count("pk"))


def _average_progress(enrolled: QuerySet[Enrollment], completed: int, total: int, lessons: int) -> float:
    """Return the mean progress in percent; who has completed counts as 100, whatever lessons came later (E05)."""
    if not total:
        return 0.0
    rows = LessonProgress.objects.filter(
        enrollment__in=enrolled.filter(completed_at=None), completed_at__isnull=False, lesson__is_published=True
    )
    running = 100 * rows.count() / lessons if lessons else 0
    return round((100 * completed + running) / total, 2)


def _average_grade(enrolled: QuerySet[Enrollment]) -> float | None:
    """Return the mean of what stands in the ledger of grades in percent; None before anything is graded."""
    entries = GradeEntry.objects.filter(enrollment__in=enrolled).order_by()
    newest = entries.values("enrollment", "item").annotate(last=Max("pk")).values("last")
    standing = GradeEntry.objects.filter(pk__in=newest, points__isnull=False, item__points_possible__gt=0)
    percent = Cast("points", FloatField()) / Cast("item__points_possible", FloatField())
    mean = standing.aggregate(mean=Avg(percent))["mean"]
    return None if mean is None else round(100 * mean, 2)


def _percent(part: int, whole: int) -> float:
    return round(100 * part / whole, 2) if whole else 0.0


def user_report(user: User, period: Period) -> dict[str, Any]:
    """Return what somebody has done: courses, lessons, grades, and the days on which they learned. Six queries."""
    mine = Enrollment.objects.filter(user=user).order_by()
    lessons = LessonProgress.objects.filter(enrollment__user=user, completed_at__isnull=False).order_by()
    inside = lessons.filter(**period.within("completed_at")).annotate(group=period.cut("completed_at"))
    progress = [row.progress_percentage for row in mine.with_progress().select_related("course")]
    return {
        "user_id": user.pk,
        "total_enrollments": len(progress),
        "completed_courses": mine.filter(completed_at__isnull=False).count(),
        "lessons_completed": lessons.count(),
        "average_progress": round(sum(progress) / len(progress), 2) if progress else 0.0,
        "average_grade": _average_grade(mine),
        "last_activity_at": mine.order_by("-last_activity_at").values_list("last_activity_at", flat=True).first(),
        "date_from": period.first,
        "date_to": period.last,
        "interval": period.interval,
        "activity": _series(period, {"lessons_completed": _counted(inside, Count("pk"))}),
    }


def as_rows(report: Report) -> Iterable[list[Any]]:
    """Yield a report as the rows of a table, its head first."""
    names = list(report.totals)
    yield ["date", *names]
    for row in report.series:
        day: date = row["date"]
        yield [day.isoformat(), *(row[name] for name in names)]
