"""Definition of each figure, as a query that counts rows by day and course.

This module is the only definition: the roll-ups, the live part of the reports and `manage.py rollups check` use it.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db.models import (
    Aggregate,
    Case,
    CharField,
    Count,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    TextField,
    UUIDField,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from accounts.models import User
from analytics.models import Activity, Figure
from analytics.periods import Period, between, day_of
from core.db.prepared import Prepared
from courses.models import Course
from enrollments.models import Enrollment, GradeEntry, LessonProgress
from payments.models import EntryKind, LedgerEntry

# Upper limits, in days, of the groups of completions by time taken.
COMPLETION_TIME_LIMITS_DAYS = (1, 7, 14, 30, 90)
LONGER = "longer"
REFUND_KINDS = (EntryKind.REFUND, EntryKind.DISPUTE)
# Periods up to this length are read in one go; the rows of longer ones are fetched in chunks.
MAX_DAYS_IN_MEMORY = 3


class DayCount(NamedTuple):
    """Amount of one figure on one day, in one course."""

    day: date
    course_id: UUID | None  # None: the whole site
    figure: str
    subject: str
    amount: int


@dataclass(frozen=True, eq=False)
class Source:
    """Rows to count by the day of `time_column` and by `course`.

    `amounts` maps each figure to its aggregate. Figures in `without_subject` are not split by `subject`.
    """

    rows: QuerySet[Any]
    time_column: str
    amounts: Mapping[str, Any]
    course: str | None = "course"
    subject: Any = field(default_factory=lambda: Value(""))
    without_subject: Collection[str] = ()


def count_by_day(
    period: Period,
    figures: Collection[str],
    courses: Sequence[UUID] | QuerySet[Course] | None = None,
    *,
    each_course: bool = True,
) -> Iterator[DayCount]:
    """Yield the figures of each day and course, counted from the rows; without `each_course`, of each day.

    One query for each source. A figure of the same day, course and subject may be yielded several times; the amounts
    add up. The query groups only by the keys that are needed, so that an index on the time column covers it where
    possible (quality row G12).
    """
    for source in _sources_of(figures):
        wanted = tuple(name for name in source.amounts if name in figures)
        for row in _query(source, wanted, period, courses, each_course):
            for name in wanted:
                amount = _to_integer(name, row[f"of_{name}"])
                subject = "" if name in source.without_subject else subject_of(row["subject"])
                if amount:
                    yield DayCount(row["on_day"], row["in_course"], name, subject, amount)


def _query(
    source: Source,
    wanted: tuple[str, ...],
    period: Period,
    courses: Sequence[UUID] | QuerySet[Course] | None,
    each_course: bool,
) -> Iterable[dict[str, Any]]:
    is_short = period.days <= MAX_DAYS_IN_MEMORY
    if is_short and courses is None:
        statement = _prepared_query(source, wanted, each_course, settings.TIME_ZONE)
        return statement.rows(period.begins_at, period.ends_at)
    grouped = _group(source, wanted, each_course).filter(**period.within(source.time_column))
    if courses is not None:
        grouped = grouped.filter(**{f"{source.course}__in": courses})
    return grouped if is_short else grouped.iterator(chunk_size=5000)


@cache
def _prepared_query(source: Source, wanted: tuple[str, ...], each_course: bool, _zone: str) -> Prepared[dict[str, Any]]:
    """Return the query over the whole site with its SQL compiled once.

    Compiling six such queries takes Django as long as the database takes to execute them (quality row G12). The time
    zone is part of the SQL and therefore of the cache key.
    """

    def build_queryset(begin_at: datetime, end_at: datetime) -> QuerySet[Any, dict[str, Any]]:
        return _group(source, wanted, each_course).filter(**between(source.time_column, begin_at, end_at))

    return Prepared(build_queryset)


def _group(source: Source, wanted: tuple[str, ...], each_course: bool) -> QuerySet[Any, dict[str, Any]]:
    # Annotations must not have the name of a field of the models.
    keys = {
        "on_day": day_of(source.time_column),
        "in_course": F(source.course) if source.course and each_course else Value(None, output_field=UUIDField()),
        "subject": source.subject if set(wanted) - set(source.without_subject) else Value(""),
    }
    amounts = {f"of_{name}": source.amounts[name] for name in wanted}
    return source.rows.order_by().values(**keys).annotate(**amounts)


class NumberList(Aggregate):
    """Aggregate the distinct numbers of a group into a list: one row for a thousand people."""

    allow_distinct = True
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **kwargs: Any) -> Any:
        """Aggregate into an array."""
        return super().as_sql(compiler, connection, function="ARRAY_AGG", **kwargs)

    def as_sqlite(self, compiler: Any, connection: Any, **kwargs: Any) -> Any:
        """Aggregate into a JSON array."""
        return super().as_sql(compiler, connection, function="JSON_GROUP_ARRAY", **kwargs)

    def convert_value(self, value: Any, expression: Any, connection: Any) -> list[int]:
        """Return the list, from either representation."""
        found: list[int] = json.loads(value) if isinstance(value, str) else value
        return found


def active_learners(period: Period, courses: Sequence[UUID] | QuerySet[Course] | None = None) -> QuerySet[Any]:
    """Return rows of (day, course id, learner numbers) of a period, each learner once in a row."""
    rows = Activity.objects.filter(**period.within("quarter_at"))
    if courses is not None:
        rows = rows.filter(course__in=courses)
    by_day = rows.order_by().values_list(day_of("quarter_at"), "course_id")
    return by_day.annotate(numbers=NumberList("learner_id", distinct=True))


def _to_integer(name: str, value: Any) -> int:
    """Convert a sum to an integer: durations to seconds, points to hundredths."""
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    return round(100 * value) if name == Figure.POINTS else int(value or 0)


def _sources_of(figures: Collection[str]) -> list[Source]:
    """Return the sources that count some of these figures."""
    return [source for source in _all_sources() if set(source.amounts) & set(figures)]


@cache
def _all_sources() -> tuple[Source, ...]:
    """Return all sources. Cached: querysets are lazy, and none depends on a day or a course."""
    return (
        _accounts_source(),
        _enrollments_source(),
        _completions_source(),
        _lessons_source(),
        _earlier_lessons_source(),
        _grades_source(),
        _ledger_source(),
    )


def _accounts_source() -> Source:
    return Source(User.objects.all(), "created_at", {Figure.JOINED.value: Count("*")}, course=None)


def _enrollments_source() -> Source:
    return Source(Enrollment.objects.all(), "enrolled_at", {Figure.ENROLLMENTS.value: Count("*")})


def _completions_source() -> Source:
    """Return the completions: their number, the sum of their durations, and their number by duration."""
    amounts = {
        Figure.COMPLETIONS.value: Count("*"),
        Figure.SECONDS.value: Sum(F("completed_at") - F("enrolled_at")),
        Figure.TOOK.value: Count("*"),
    }
    cases = [When(completed_at__lte=F("enrolled_at") + timedelta(days=days), then=Value(f"{days}"))
               for days in COMPLETION_TIME_LIMITS_DAYS]  # fmt: skip
    time_limit = Case(*cases, default=Value(LONGER), output_field=CharField())
    totals = (Figure.COMPLETIONS, Figure.SECONDS)
    return Source(Enrollment.objects.all(), "completed_at", amounts, subject=time_limit, without_subject=totals)


def _lessons_source() -> Source:
    """Return completed lessons, and those of them completed after their course was.

    A completed course counts as 100 % whatever lessons are added later (quality row E05). Lessons of such enrollments
    (figure `settled`) are therefore subtracted from the lessons that measure running enrollments, from the later of the
    two days on.
    """
    after = Q(enrollment__completed_at__lte=F("completed_at"))
    amounts = {Figure.DONE.value: Count("pk"), Figure.SETTLED.value: Count("pk", filter=after)}
    return Source(LessonProgress.objects.all(), "completed_at", amounts, "lesson__course", F("lesson"))


def _earlier_lessons_source() -> Source:
    """Return the lessons completed before their course, by the day on which the course was completed."""
    before = LessonProgress.objects.filter(completed_at__lt=F("enrollment__completed_at"))
    amounts = {Figure.SETTLED.value: Count("pk")}
    return Source(before, "enrollment__completed_at", amounts, "enrollment__course", F("lesson"))


def _grades_source() -> Source:
    """Return the changes of the current grades.

    The last entry of an item and enrollment is the current grade. Each entry therefore adds its own points and
    subtracts those of the entry before it.
    """
    earlier = GradeEntry.objects.filter(
        enrollment=OuterRef("enrollment"), item=OuterRef("item"), pk__lt=OuterRef("pk")
    ).order_by("-pk")
    rows = GradeEntry.objects.annotate(was=Subquery(earlier.values("points")[:1]))
    gained = Count("pk", filter=Q(points__isnull=False)) - Count("pk", filter=Q(was__isnull=False))
    grown = Coalesce(Sum("points"), Value(0), output_field=_points_field()) - Coalesce(
        Sum("was"), Value(0), output_field=_points_field()
    )
    return Source(
        rows, "created_at", {Figure.GRADED.value: gained, Figure.POINTS.value: grown}, "item__course", F("item")
    )


def _points_field() -> Any:
    return GradeEntry._meta.get_field("points").clone()


def _ledger_source() -> Source:
    """Return the amounts of the ledger by the day of the entry: a refund counts on its own day, not its order's.

    A dispute counts as a refund, and no longer does once it is won.
    """

    def amount_of(*kinds: EntryKind) -> Any:
        return Coalesce(Sum("amount", filter=Q(kind__in=kinds)), 0)

    amounts = {
        Figure.ORDERS.value: Count("pk", filter=Q(kind=EntryKind.PAYMENT)),
        Figure.GROSS.value: amount_of(EntryKind.PAYMENT),
        Figure.REFUNDS.value: amount_of(*REFUND_KINDS) - amount_of(EntryKind.DISPUTE_WON),
    }
    return Source(LedgerEntry.objects.all(), "created_at", amounts, "order__course", F("currency"))


def subject_of(value: Any) -> str:
    """Return the subject of a tally as text: an id by its 32 hex digits, a text unchanged."""
    return value.hex if isinstance(value, UUID) else str(value)
