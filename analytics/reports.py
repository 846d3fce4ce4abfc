"""Reports over a period in the site's time zone: refunds are subtracted, currencies never added (quality row N02)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from analytics.models import Figure
from analytics.periods import Period, last_days, today
from analytics.rollup_reader import RollupReader, Sums, reader_for
from core.db.text_functions import SortKey
from courses.models import Course

MAX_COURSES = 100
ENROLLMENT_FIGURES = ("enrollments", "completions", "active")
REVENUE_FIGURES = ("orders", "gross", "refunds", "net")
LEARNING = (Figure.ENROLLMENTS, Figure.COMPLETIONS)
MONEY = (Figure.ORDERS, Figure.GROSS, Figure.REFUNDS)


@dataclass(frozen=True)
class Report:
    """A series of figures, with totals, the totals of the previous period, and figures by course."""

    period: Period
    totals: dict[str, int]
    before: dict[str, int]
    series: list[dict[str, Any]]
    by_course: list[dict[str, Any]]


def enrollment_report(
    period: Period, courses: QuerySet[Course] | None = None, *, reader: RollupReader | None = None
) -> Report:
    """Return enrollments, completions and active learners by interval and course; `courses` limits it.

    `active` counts a person once in an interval and once in the totals. Pass a `reader` to count the live part once for
    several reports. Eight queries, and three for the live part.
    """
    reader = reader or reader_for(courses)
    by_course = reader.by_course(period, LEARNING)
    by_date: dict[str, Any] = {**reader.series(period, LEARNING), "active": reader.active_series(period)}
    ids = sorted(set(by_course) | reader.courses_with_activity(period), key=str)
    first = _top_courses(ids, by_course, Figure.ENROLLMENTS)
    active = reader.active_by_course(period, first)
    figures = {course_id: {**_learning(by_course.get(course_id)), "active": active[course_id]} for course_id in first}
    now, before = reader.count_active_by_period([period, period.previous()])
    return Report(
        period,
        {**{name: by_date[name].total() for name in LEARNING}, "active": now},
        {**_learning(reader.sums(period.previous(), LEARNING)), "active": before},
        build_series(period, by_date, ENROLLMENT_FIGURES),
        _by_course(figures, ENROLLMENT_FIGURES),
    )


def revenue_report(
    period: Period, currency: str, courses: QuerySet[Course] | None = None, *, reader: RollupReader | None = None
) -> Report:
    """Return orders, gross, refunds and net of one currency in minor units. Five queries, plus those for the live part.

    A dispute counts as a refund, and no longer does once it is won. For `reader` see `enrollment_report`.
    """
    reader = reader or reader_for(courses)
    by_course = reader.by_course(period, MONEY, currency)
    by_date = reader.series(period, MONEY, currency)
    by_date["net"] = Counter(by_date[Figure.GROSS])
    by_date["net"].subtract(by_date[Figure.REFUNDS])
    first = _top_courses(sorted(by_course, key=str), by_course, Figure.ORDERS, currency)
    return Report(
        period,
        {name: by_date[name].total() for name in REVENUE_FIGURES},
        revenue_figures(reader.sums(period.previous(), MONEY, currency), currency),
        build_series(period, by_date, REVENUE_FIGURES),
        _by_course(
            {course_id: revenue_figures(by_course[course_id], currency) for course_id in first}, REVENUE_FIGURES
        ),
    )


def revenue_figures(sums: Sums, currency: str) -> dict[str, int]:
    """Return the revenue figures of one currency."""
    gross, refunds = sums.of(Figure.GROSS, currency), sums.of(Figure.REFUNDS, currency)
    return {"orders": sums.of(Figure.ORDERS, currency), "gross": gross, "refunds": refunds, "net": gross - refunds}


def _learning(sums: Sums | None) -> dict[str, int]:
    return {figure.value: sums.of(figure) if sums else 0 for figure in LEARNING}


def _top_courses(ids: Iterable[UUID], sums: Mapping[UUID, Sums], figure: str, subject: str = "") -> list[UUID]:
    """Return the 100 courses with the highest amount of a figure, highest first."""

    def amount(course_id: UUID) -> int:
        return sums[course_id].of(figure, subject) if course_id in sums else 0

    return sorted(ids, key=amount, reverse=True)[:MAX_COURSES]


def build_series(
    period: Period, figures: Mapping[str, Mapping[date, int]], names: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Return one row for each interval, including the empty ones."""
    return [{"date": day, **{name: figures[name].get(day, 0) for name in names}} for day in period.dates()]


def _by_course(figures: dict[UUID, dict[str, int]], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the rows of the courses, ordered by the first and then the last figure, highest first. One query."""
    courses = Course.objects.filter(pk__in=figures).values("pk", "title", "slug").order_by(SortKey("title"), "id")
    rows: list[dict[str, Any]] = [
        {"course_id": one["pk"], "title": one["title"], "slug": one["slug"], **figures[one["pk"]]} for one in courses
    ]
    rows.sort(key=lambda row: (row[names[0]], row[names[-1]]), reverse=True)
    return rows


def overview(period: Period | None, currency: str) -> dict[str, int]:
    """Return the figures of the whole site. Four queries, and four for the live part.

    With a period, totals count what was created in it, and the 30-day figures end with its last day.
    """
    reader = RollupReader()
    month = last_days(until=period.last if period else None)
    courses = Course.objects.filter(**period.within("created_at")) if period else Course.objects.all()
    sums, lately = reader.sums_by_period(
        [
            (period or reader.period_until(today()), (Figure.JOINED, Figure.ENROLLMENTS, *MONEY)),
            (month, (Figure.ENROLLMENTS,)),
        ]
    )
    return {
        "total_users": sums.of(Figure.JOINED),
        "total_courses": courses.count(),
        "total_enrollments": sums.of(Figure.ENROLLMENTS),
        "total_revenue": revenue_figures(sums, currency)["net"],
        "active_users_30d": reader.count_active(month),
        "new_enrollments_30d": lately.of(Figure.ENROLLMENTS),
    }


def report_rows(report: Report) -> Iterable[list[Any]]:
    """Yield a report as rows of a table, header first."""
    names = list(report.totals)
    yield ["date", *names]
    for row in report.series:
        day: date = row["date"]
        yield [day.isoformat(), *(row[name] for name in names)]
