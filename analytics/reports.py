"""What the reports say: refunds taken off, no two currencies in one sum (QUALITY N02), days where the site is."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from analytics.models import Figure
from analytics.periods import Period, last_days, today
from analytics.tallies import Reader, Sums, reader_of
from courses.models import Course

MOST_COURSES = 100
ENROLLMENT_FIGURES = ("enrollments", "completions", "active")
REVENUE_FIGURES = ("orders", "gross", "refunds", "net")
LEARNING = (Figure.ENROLLMENTS, Figure.COMPLETIONS)
MONEY = (Figure.ORDERS, Figure.GROSS, Figure.REFUNDS)


@dataclass(frozen=True)
class Report:
    """A series of figures with its totals, those of the period before, and the same by course."""

    period: Period
    totals: dict[str, int]
    before: dict[str, int]
    series: list[dict[str, Any]]
    by_course: list[dict[str, Any]]


def enrollment_report(
    period: Period, courses: QuerySet[Course] | None = None, *, reader: Reader | None = None
) -> Report:
    """Return how many enrolled, completed and learned in each interval; `courses` narrows it. Eight queries and three
    of today's part.

    `active` counts people who did something in a course, each once in an interval, and once in the totals. A page that
    shows more gives the `reader` that it has, so that today's part is counted once.
    """
    reader = reader or reader_of(courses)
    by_course = reader.by_course(period, LEARNING)
    by_date: dict[str, Any] = {**reader.series(period, LEARNING), "active": reader.active_series(period)}
    ids = sorted(set(by_course) | reader.courses_with_activity(period), key=str)
    first = _first_by(ids, by_course, Figure.ENROLLMENTS)
    active = reader.active_by_course(period, first)
    figures = {course_id: {**_learning(by_course.get(course_id)), "active": active[course_id]} for course_id in first}
    now, before = reader.active_in([period, period.before()])
    return Report(
        period,
        {**{name: by_date[name].total() for name in LEARNING}, "active": now},
        {**_learning(reader.sums(period.before(), LEARNING)), "active": before},
        series_of(period, by_date, ENROLLMENT_FIGURES),
        _by_course(figures, ENROLLMENT_FIGURES),
    )


def revenue_report(
    period: Period, currency: str, courses: QuerySet[Course] | None = None, *, reader: Reader | None = None
) -> Report:
    """Return orders, gross, refunds and net of one currency in its minor unit. Five queries and today's part.

    Money that a dispute took counts as given back, and as given back no more once the dispute is won. For `reader` see
    `enrollment_report`.
    """
    reader = reader or reader_of(courses)
    by_course = reader.by_course(period, MONEY, currency)
    by_date = reader.series(period, MONEY, currency)
    by_date["net"] = Counter(by_date[Figure.GROSS])
    by_date["net"].subtract(by_date[Figure.REFUNDS])
    first = _first_by(sorted(by_course, key=str), by_course, Figure.ORDERS, currency)
    return Report(
        period,
        {name: by_date[name].total() for name in REVENUE_FIGURES},
        money_of(reader.sums(period.before(), MONEY, currency), currency),
        series_of(period, by_date, REVENUE_FIGURES),
        _by_course({course_id: money_of(by_course[course_id], currency) for course_id in first}, REVENUE_FIGURES),
    )


def currencies_of(period: Period, courses: QuerySet[Course] | None = None) -> list[str]:
    """Return the currencies in which money moved in a period, in the order of their names."""
    return sorted(reader_of(courses).sums(period, MONEY).by_subject(Figure.GROSS))


def money_of(sums: Sums, currency: str) -> dict[str, int]:
    """Return the revenue figures of one currency."""
    gross, refunds = sums.of(Figure.GROSS, currency), sums.of(Figure.REFUNDS, currency)
    return {"orders": sums.of(Figure.ORDERS, currency), "gross": gross, "refunds": refunds, "net": gross - refunds}


def _learning(sums: Sums | None) -> dict[str, int]:
    return {figure.value: sums.of(figure) if sums else 0 for figure in LEARNING}


def _first_by(ids: Iterable[UUID], sums: Mapping[UUID, Sums], figure: str, subject: str = "") -> list[UUID]:
    """Return the courses with the highest of a figure, a hundred at most."""

    def amount(course_id: UUID) -> int:
        return sums[course_id].of(figure, subject) if course_id in sums else 0

    return sorted(ids, key=amount, reverse=True)[:MOST_COURSES]


def series_of(
    period: Period, figures: Mapping[str, Mapping[date, int]], names: tuple[str, ...]
) -> list[dict[str, Any]]:
    """Return one row for each interval, those without anything too."""
    return [{"date": day, **{name: figures[name].get(day, 0) for name in names}} for day in period.dates()]


def _by_course(figures: dict[UUID, dict[str, int]], names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the courses' rows, the highest first and last figure first. One query."""
    courses = Course.objects.filter(pk__in=figures).values("pk", "title", "slug").order_by("title", "id")
    rows: list[dict[str, Any]] = [
        {"course_id": one["pk"], "title": one["title"], "slug": one["slug"], **figures[one["pk"]]} for one in courses
    ]
    rows.sort(key=lambda row: (row[names[0]], row[names[-1]]), reverse=True)
    return rows


def overview(period: Period | None, currency: str) -> dict[str, int]:
    """Return the figures of the whole site (seed, `AnalyticsOverview`). Four queries and four of today's part.

    With a period, the totals count what came to be in it, and the last 30 days are those that end with it.
    """
    reader = Reader()
    month = last_days(until=period.last if period else None)
    courses = Course.objects.filter(**period.within("created_at")) if period else Course.objects.all()
    sums, lately = reader.sums_of(
        [(period or reader.until(today()), (Figure.JOINED, Figure.ENROLLMENTS, *MONEY)), (month, (Figure.ENROLLMENTS,))]
    )
    return {
        "total_users": sums.of(Figure.JOINED),
        "total_courses": courses.count(),
        "total_enrollments": sums.of(Figure.ENROLLMENTS),
        "total_revenue": money_of(sums, currency)["net"],
        "active_users_30d": reader.active(month),
        "new_enrollments_30d": lately.of(Figure.ENROLLMENTS),
    }


def as_rows(report: Report) -> Iterable[list[Any]]:
    """Yield a report as the rows of a table, its head first."""
    names = list(report.totals)
    yield ["date", *names]
    for row in report.series:
        day: date = row["date"]
        yield [day.isoformat(), *(row[name] for name in names)]
