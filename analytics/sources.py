"""How the rows of the apps below are counted by day: the one place that says what each figure means.

Roll-ups are made by this, today's part of every report is, and `rollups check` compares the two.
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
from courses.models import Course
from enrollments.models import Enrollment, GradeEntry, LessonProgress
from lms.lib.prepared import Prepared
from payments.models import EntryKind, LedgerEntry

# Within how many days a course was completed.
TOOK_DAYS = (1, 7, 14, 30, 90)
LONGER = "longer"
GIVEN_BACK = (EntryKind.REFUND, EntryKind.DISPUTE)
# So many days are read at once; the rows of more of them, a part at a time.
READ_AT_ONCE_DAYS = 3


class DayCount(NamedTuple):
    """One figure of one day and course."""

    day: date
    course_id: UUID | None  # none: of the site
    figure: str
    subject: str
    amount: int


@dataclass(frozen=True, eq=False)
class Source:
    """Rows that are counted by the day of `when` and by `course`; `amounts` are the figures that they give, those in
    `without_subject` of no subject."""

    rows: QuerySet[Any]
    when: str
    amounts: Mapping[str, Any]
    course: str | None = "course"
    subject: Any = field(default_factory=lambda: Value(""))
    without_subject: Collection[str] = ()


def counts(
    period: Period,
    figures: Collection[str],
    courses: Sequence[UUID] | QuerySet[Course] | None = None,
    *,
    each_course: bool = True,
) -> Iterator[DayCount]:
    """Yield the figures of each day and course, counted from the rows; without `each_course`, of each day. One query
    for each source that is needed.

    The same figure of the same day, course and subject may come twice: the amounts add up. Only what is asked for is
    grouped by, and rows are counted as rows, so that an index by time has all of it where no more is asked (G12).
    """
    for source in _sources(figures):
        wanted = tuple(name for name in source.amounts if name in figures)
        for row in _rows(source, wanted, period, courses, each_course):
            for name in wanted:
                amount = _whole(name, row[f"of_{name}"])
                subject = "" if name in source.without_subject else subject_of(row["about"])
                if amount:
                    yield DayCount(row["on_day"], row["in_course"], name, subject, amount)


def _rows(
    source: Source,
    wanted: tuple[str, ...],
    period: Period,
    courses: Sequence[UUID] | QuerySet[Course] | None,
    each_course: bool,
) -> Iterable[dict[str, Any]]:
    at_once = period.days <= READ_AT_ONCE_DAYS
    if at_once and courses is None:
        statement = _statement(source, wanted, each_course, settings.TIME_ZONE)
        return statement.rows(period.begins_at, period.ends_at)
    grouped = _grouped(source, wanted, each_course).filter(**period.within(source.when))
    if courses is not None:
        grouped = grouped.filter(**{f"{source.course}__in": courses})
    return grouped if at_once else grouped.iterator(chunk_size=5000)


@cache
def _statement(source: Source, wanted: tuple[str, ...], each_course: bool, _zone: str) -> Prepared[dict[str, Any]]:
    """Return what is asked of the whole site today, put into words once for the site's time zone, which is in them: to
    write six such statements takes Django as long as they take to be answered (G12)."""

    def asked(begin_at: datetime, end_at: datetime) -> QuerySet[Any, dict[str, Any]]:
        return _grouped(source, wanted, each_course).filter(**between(source.when, begin_at, end_at))

    return Prepared(asked)


def _grouped(source: Source, wanted: tuple[str, ...], each_course: bool) -> QuerySet[Any, dict[str, Any]]:
    # Names that no model of the sources has for a field of its own.
    keys = {
        "on_day": day_of(source.when),
        "in_course": F(source.course) if source.course and each_course else Value(None, output_field=UUIDField()),
        "about": source.subject if set(wanted) - set(source.without_subject) else Value(""),
    }
    amounts = {f"of_{name}": source.amounts[name] for name in wanted}
    return source.rows.order_by().values(**keys).annotate(**amounts)


class Numbers(Aggregate):
    """The different numbers of a group, as a list: one row for a thousand people."""

    allow_distinct = True
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **kwargs: Any) -> Any:
        """Return the array that PostgreSQL makes."""
        return super().as_sql(compiler, connection, function="ARRAY_AGG", **kwargs)

    def as_sqlite(self, compiler: Any, connection: Any, **kwargs: Any) -> Any:
        """Return the JSON that SQLite makes."""
        return super().as_sql(compiler, connection, function="JSON_GROUP_ARRAY", **kwargs)

    def convert_value(self, value: Any, expression: Any, connection: Any) -> list[int]:
        """Return the list, whatever the database gave."""
        found: list[int] = json.loads(value) if isinstance(value, str) else value
        return found


def active(period: Period, courses: Sequence[UUID] | QuerySet[Course] | None = None) -> QuerySet[Any]:
    """Return who learned in these days, as rows of (day, course's id, numbers of learners, each once)."""
    rows = Activity.objects.filter(**period.within("quarter_at"))
    if courses is not None:
        rows = rows.filter(course__in=courses)
    keyed = rows.order_by().values_list(day_of("quarter_at"), "course_id")
    return keyed.annotate(numbers=Numbers("learner_id", distinct=True))


def _whole(name: str, value: Any) -> int:
    """Return a sum as a whole number: seconds of a duration, hundredths of points."""
    if isinstance(value, timedelta):
        return int(value.total_seconds())
    return round(100 * value) if name == Figure.POINTS else int(value or 0)


def _sources(figures: Collection[str]) -> list[Source]:
    """Return the sources that some of these figures come from."""
    return [source for source in _every_source() if set(source.amounts) & set(figures)]


@cache
def _every_source() -> tuple[Source, ...]:
    """Return all sources, made once: they ask nothing by themselves, and no day or course is in them."""
    return _joined(), _enrolled(), _completed(), _done(), _settled_late(), _graded(), _money()


def _joined() -> Source:
    return Source(User.objects.all(), "created_at", {Figure.JOINED.value: Count("*")}, course=None)


def _enrolled() -> Source:
    return Source(Enrollment.objects.all(), "enrolled_at", {Figure.ENROLLMENTS.value: Count("*")})


def _completed() -> Source:
    """Return the completions, how long they took, and by the shortest of TOOK_DAYS that they took."""
    amounts = {
        Figure.COMPLETIONS.value: Count("*"),
        Figure.SECONDS.value: Sum(F("completed_at") - F("enrolled_at")),
        Figure.TOOK.value: Count("*"),
    }
    classes = [When(completed_at__lte=F("enrolled_at") + timedelta(days=days), then=Value(f"{days}"))
               for days in TOOK_DAYS]  # fmt: skip
    longest = Case(*classes, default=Value(LONGER), output_field=CharField())
    whole = (Figure.COMPLETIONS, Figure.SECONDS)
    return Source(Enrollment.objects.all(), "completed_at", amounts, subject=longest, without_subject=whole)


def _done() -> Source:
    """Return completed lessons, and of those the ones that were completed after their course was.

    Who has completed a course counts as 100 % whatever lessons come later (QUALITY E05), so that their lessons are
    taken off those that running enrolments are measured by: settled, by the later of the two days.
    """
    after = Q(enrollment__completed_at__lte=F("completed_at"))
    amounts = {Figure.DONE.value: Count("pk"), Figure.SETTLED.value: Count("pk", filter=after)}
    return Source(LessonProgress.objects.all(), "completed_at", amounts, "lesson__course", F("lesson"))


def _settled_late() -> Source:
    """Return the lessons that were completed before their course was, by the day of the latter."""
    before = LessonProgress.objects.filter(completed_at__lt=F("enrollment__completed_at"))
    amounts = {Figure.SETTLED.value: Count("pk")}
    return Source(before, "enrollment__completed_at", amounts, "enrollment__course", F("lesson"))


def _graded() -> Source:
    """Return by how much the standing grades changed: the last entry of an item and enrolment stands, so that each
    entry brings its own points and takes away those of the one before."""
    earlier = GradeEntry.objects.filter(
        enrollment=OuterRef("enrollment"), item=OuterRef("item"), pk__lt=OuterRef("pk")
    ).order_by("-pk")
    rows = GradeEntry.objects.annotate(was=Subquery(earlier.values("points")[:1]))
    gained = Count("pk", filter=Q(points__isnull=False)) - Count("pk", filter=Q(was__isnull=False))
    grown = Coalesce(Sum("points"), Value(0), output_field=_points()) - Coalesce(
        Sum("was"), Value(0), output_field=_points()
    )
    return Source(
        rows, "created_at", {Figure.GRADED.value: gained, Figure.POINTS.value: grown}, "item__course", F("item")
    )


def _points() -> Any:
    return GradeEntry._meta.get_field("points").clone()


def _money() -> Source:
    """Return the money of the ledger by the day on which it moved: a refund counts on its own day, not its order's.

    Money that a dispute took counts as given back, and as given back no more once the dispute is won.
    """

    def of(*kinds: EntryKind) -> Any:
        return Coalesce(Sum("amount", filter=Q(kind__in=kinds)), 0)

    amounts = {
        Figure.ORDERS.value: Count("pk", filter=Q(kind=EntryKind.PAYMENT)),
        Figure.GROSS.value: of(EntryKind.PAYMENT),
        Figure.REFUNDS.value: of(*GIVEN_BACK) - of(EntryKind.DISPUTE_WON),
    }
    return Source(LedgerEntry.objects.all(), "created_at", amounts, "order__course", F("currency"))


def subject_of(about: Any) -> str:
    """Return how a tally names what it is about: an id by its 32 digits, a text as it is."""
    return about.hex if isinstance(about, UUID) else str(about)
