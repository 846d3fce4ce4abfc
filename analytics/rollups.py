"""Roll-up of closed days: counted once, again when rows arrive late, and compared with the rows by the check."""

import logging
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Min, Q, QuerySet, Sum
from django.utils import timezone
from pyroaring import BitMap

from accounts.models import User
from analytics import metrics
from analytics.models import ActiveSet, Activity, Departure, Figure, RollupState, Span, Tally
from analytics.periods import Period, day_of, last_closed_day, local_day, next_interval, start_of_interval
from enrollments.models import Enrollment, EnrollmentEvent, GradeEntry, LessonProgress
from payments.models import LedgerEntry

log = logging.getLogger(__name__)
BATCH_ROWS = 2000
# Rows that may have an id and be uncommitted when the first roll-up runs.
UNCOMMITTED_MARGIN_ROWS = 1000
# Figures with totals of the whole site; the others are only used by course.
SITE_FIGURES = (Figure.JOINED, Figure.ENROLLMENTS, Figure.COMPLETIONS, Figure.ORDERS, Figure.GROSS, Figure.REFUNDS)
ALL_FIGURES = tuple(Figure)
# Longer spans, their interval, and the span that each is the sum of.
LONG_SPANS = ((Span.WEEK, "week", Span.DAY), (Span.MONTH, "month", Span.DAY), (Span.YEAR, "year", Span.MONTH))
# Append-only tables with the time columns whose days a new row changes, and the rows for which it does. Completing a
# course changes figure `settled` on that day for lessons completed before, and on their own day for later ones.
LESSON_AFTER = Q(enrollment__lesson_progress__completed_at__gte=F("enrollment__completed_at"))
LESSON_BEFORE = Q(completed_at__lt=F("enrollment__completed_at"))
APPEND_ONLY_TABLES: tuple[tuple[Any, Mapping[str, Q]], ...] = (
    (
        EnrollmentEvent,
        {
            "enrollment__enrolled_at": Q(),
            "enrollment__completed_at": Q(),
            "enrollment__lesson_progress__completed_at": LESSON_AFTER,
        },
    ),
    (GradeEntry, {"created_at": Q()}),
    (LedgerEntry, {"created_at": Q()}),
    (Activity, {"quarter_at": Q()}),
    (Departure, {"joined_at": Q()}),
    (LessonProgress, {"completed_at": Q(), "enrollment__completed_at": LESSON_BEFORE}),
)

Key = tuple[Any, str, str]  # course's id or None, figure, subject


@dataclass(frozen=True)
class Difference:
    """A roll-up that differs from the rows."""

    span: str
    begins_on: date
    label: str
    stored: int
    counted: int

    def __str__(self) -> str:
        return f"{self.span}{self.begins_on} {self.label}: stored {self.stored}, counted {self.counted}"


def roll_up_closed_days(*, until: date | None = None, seconds: float = 60) -> int:
    """Count the days that have closed since the last run, and again those with late rows; return the number of days.

    Starts over if the site's time zone changed. Works a month at a time and stops after `seconds`; the next call
    continues. Concurrent calls wait for the lock on the state; the second finds no days to count.
    """
    end = time.monotonic() + seconds
    counted = 0
    while time.monotonic() < end:
        done = _roll_up_next(until or last_closed_day())
        if not done:
            break
        counted += done
    return counted


def rebuild(*, until: date | None = None) -> int:
    """Delete all roll-ups and count them again; return the number of days. Reports are slower meanwhile."""
    with transaction.atomic():
        _reset(_lock_state())
    counted = 0
    while done := _roll_up_next(until or last_closed_day()):
        counted += done
    return counted


@transaction.atomic
def _roll_up_next(until: date) -> int:
    """Count the next month of days, or the late days if there is none; return the number of days counted."""
    state = _lock_state()
    if state.time_zone != settings.TIME_ZONE:
        _reset(state)
    if state.rolled_from is None or state.rolled_to is None:
        first = _first_day()
        if first is None or first > until:
            return 0
        state.rolled_from, state.rolled_to = first, first - timedelta(days=1)
        state.marks = {
            name: (max(0, newest - UNCOMMITTED_MARGIN_ROWS), newest) for name, newest in _newest_ids().items()
        }
    if state.rolled_to < until:
        begin = state.rolled_to + timedelta(days=1)
        end = min(until, next_interval(start_of_interval(begin, "month"), "month") - timedelta(days=1))
        _write_days(Period(begin, end), last_day=end)
        state.rolled_to = end
        _save_state(state)
        return (end - begin).days + 1
    late = _find_late_days(state)
    for day in late:
        _write_days(Period(day, day), last_day=state.rolled_to)
        state.rolled_from = min(state.rolled_from, day)
    _save_state(state)
    return 0


def _save_state(state: RollupState) -> None:
    state.rolled_at = timezone.now()
    state.save()


def _lock_state() -> RollupState:
    RollupState.objects.bulk_create([RollupState(pk=1)], ignore_conflicts=True)
    return RollupState.objects.select_for_update().get(pk=1)


def _reset(state: RollupState) -> None:
    """Delete all roll-ups and set the state to the site's current time zone."""
    Tally.objects.all().delete()
    ActiveSet.objects.all().delete()
    state.time_zone, state.rolled_from, state.rolled_to, state.marks = settings.TIME_ZONE, None, None, {}
    _save_state(state)


def _first_day() -> date | None:
    """Return the first day with anything to count."""
    columns = (
        (User, "created_at"), (Enrollment, "enrolled_at"), (Enrollment, "completed_at"),
        (LessonProgress, "completed_at"), (GradeEntry, "created_at"), (LedgerEntry, "created_at"),
        (Activity, "quarter_at"),
    )  # fmt: skip
    moments = [model._default_manager.aggregate(first=Min(column))["first"] for model, column in columns]
    return min((local_day(moment) for moment in moments if moment is not None), default=None)


def _write_days(days: Period, last_day: date) -> None:
    """Write the roll-ups of some days from the rows, and those of the longer spans that contain them."""
    _tallies_of(Span.DAY, days.first, days.last).delete()
    ActiveSet.objects.filter(span=Span.DAY, begins_on__range=(days.first, days.last)).delete()
    _insert(Tally, _build_tallies(days))
    _insert(ActiveSet, _build_active_sets(days))
    for span, interval, part_span in LONG_SPANS:
        begin = start_of_interval(days.first, interval)
        while begin <= days.last:
            end = next_interval(begin, interval) - timedelta(days=1)
            if end <= last_day:
                _fold(span, part_span, begin, end)
            begin = next_interval(begin, interval)


def _tallies_of(span: str, first: date, last: date) -> QuerySet[Tally]:
    """Return the tallies of a span that start from `first` to `last`. Naming all figures lets the index apply."""
    return Tally.objects.filter(span=span, figure__in=ALL_FIGURES, begins_on__range=(first, last))


def _insert(model: Any, rows: Iterable[Any]) -> None:
    """Insert rows in batches, without holding all of them in memory."""
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH_ROWS:
            model.objects.bulk_create(batch)
            batch = []
    model.objects.bulk_create(batch)


def _build_tallies(days: Period) -> Iterator[Tally]:
    """Yield the tallies of each day, for each course and for the site."""
    for (day, (course_id, figure, subject)), amount in sorted(_count_figures(days).items(), key=str):
        yield Tally(span=Span.DAY, begins_on=day, course_id=course_id, figure=figure, subject=subject, amount=amount)


def _count_figures(days: Period) -> dict[tuple[date, Key], int]:
    """Return the amounts by day and key, of each course and of the site (course None)."""
    found: Counter[tuple[date, Key]] = Counter()
    for one in metrics.count_by_day(days, ALL_FIGURES):
        for course_id in {one.course_id, None} if one.figure in SITE_FIGURES else {one.course_id}:
            found[one.day, (course_id, one.figure, one.subject)] += one.amount
    return {key: amount for key, amount in found.items() if amount}


def _build_active_sets(days: Period) -> Iterator[ActiveSet]:
    """Yield the active set of each day, for each course and for the site."""
    for (day, course_id), people in _collect_learners(days).items():
        yield _build_active_set(Span.DAY, day, course_id, people)


def _collect_learners(days: Period) -> dict[tuple[date, Any], BitMap]:
    found: defaultdict[tuple[date, Any], BitMap] = defaultdict(BitMap)
    for day, course_id, numbers in metrics.active_learners(days).iterator(chunk_size=500):
        found[day, course_id].update(numbers)
        found[day, None].update(numbers)
    return found


def _build_active_set(span: str, begins_on: date, course_id: Any, people: BitMap) -> ActiveSet:
    return ActiveSet(span=span, begins_on=begins_on, course_id=course_id, count=len(people), numbers=people.serialize())


def _fold(span: str, part_span: str, begin: date, end: date) -> None:
    """Write one longer span: the sum of the tallies of its parts, and the union of their active sets."""
    _tallies_of(span, begin, begin).delete()
    ActiveSet.objects.filter(span=span, begins_on=begin).delete()
    sums = _tallies_of(part_span, begin, end).order_by().values("course_id", "figure", "subject")
    _insert(
        Tally,
        (Tally(span=span, begins_on=begin, **row) for row in sums.annotate(amount=Sum("amount")) if row["amount"]),
    )
    people: defaultdict[Any, BitMap] = defaultdict(BitMap)
    for one in ActiveSet.objects.filter(span=part_span, begins_on__range=(begin, end)).order_by().iterator():
        people[one.course_id] |= one.people
    _insert(ActiveSet, (_build_active_set(span, begin, course_id, found) for course_id, found in people.items()))


def _find_late_days(state: RollupState) -> list[date]:
    """Return the counted days for which rows were appended since, and store the newest ids in `state.marks`.

    It starts at the ids of two runs ago: a row with a lower id may be committed after one with a higher id.
    """
    days: set[date] = set()
    last_day = Period(state.rolled_to or date.min, state.rolled_to or date.min).ends_at
    newest = _newest_ids()
    for model, columns in APPEND_ONLY_TABLES:
        name = model._meta.label_lower
        before, last = state.marks.get(name, (0, 0))
        rows = model._default_manager.filter(pk__gt=before).order_by()
        for column, condition in columns.items():
            late = rows.filter(condition, **{f"{column}__lt": last_day})
            days |= set(late.annotate(on_day=day_of(column)).values_list("on_day", flat=True).distinct())
        state.marks[name] = (last, newest[name])
    return sorted(days)


def _newest_ids() -> dict[str, int]:
    """Return the newest id of each append-only table."""
    return {
        model._meta.label_lower: model._default_manager.aggregate(n=Max("pk"))["n"] or 0
        for model, _columns in APPEND_ONLY_TABLES
    }


def find_differences(period: Period | None = None) -> Iterator[Difference]:
    """Yield the roll-ups of a period, by default of all days, that differ from the rows.

    Reads all rows of these days, a month at a time.
    """
    state = RollupState.current()
    if state.rolled_from is None or state.last_usable_day is None:
        return
    whole = Period(state.rolled_from, state.last_usable_day)
    requested = whole if period is None else period.clip(whole.first, whole.last)
    for days in _months(requested) if requested else ():
        yield from _tally_differences(days)
        yield from _active_set_differences(days)
    if requested:
        yield from _long_span_differences(requested)


def _months(period: Period) -> Iterator[Period]:
    begin = period.first
    while begin <= period.last:
        after = next_interval(start_of_interval(begin, "month"), "month")
        yield Period(begin, min(period.last, after - timedelta(days=1)))
        begin = after


def _tally_differences(days: Period) -> Iterator[Difference]:
    rows = _tallies_of(Span.DAY, days.first, days.last).order_by()
    stored: defaultdict[date, dict[Any, int]] = defaultdict(dict)
    counted: defaultdict[date, dict[Any, int]] = defaultdict(dict)
    for one in rows.iterator():
        stored[one.begins_on][one.course_id, one.figure, one.subject] = one.amount
    for (day, key), amount in _count_figures(days).items():
        counted[day][key] = amount
    for day in sorted(set(stored) | set(counted)):
        yield from _compare_amounts(Span.DAY, day, stored[day], counted[day])


def _active_set_differences(days: Period) -> Iterator[Difference]:
    counted = _collect_learners(days)
    sets = ActiveSet.objects.filter(span=Span.DAY, begins_on__range=(days.first, days.last)).order_by()
    stored = {(one.begins_on, one.course_id): one.people for one in sets}
    for key in sorted(set(counted) | set(stored), key=str):
        stored_set, counted_set = stored.get(key, BitMap()), counted.get(key, BitMap())
        if stored_set != counted_set:
            yield Difference(Span.DAY, key[0], f"active of {key[1] or 'the site'}", len(stored_set), len(counted_set))


def _long_span_differences(requested: Period) -> Iterator[Difference]:
    """Yield the longer spans starting in the period that differ from the sum of their days."""
    begins = {"begins_on__range": (requested.first, requested.last)}
    for span, interval, _part_span in LONG_SPANS:
        stored = Tally.objects.filter(span=span, **begins).order_by("begins_on").values_list("begins_on", flat=True)
        sets = ActiveSet.objects.filter(span=span, **begins).order_by("begins_on").values_list("begins_on", flat=True)
        for begin in sorted({*stored.distinct(), *sets.distinct()}):
            days = Q(span=Span.DAY, begins_on__range=(begin, next_interval(begin, interval) - timedelta(days=1)))
            yield from _compare_amounts(span, begin, _sum_tallies(Q(span=span, begins_on=begin)), _sum_tallies(days))
            yield from _compare_amounts(
                span, begin, _count_learners(Q(span=span, begins_on=begin)), _count_learners(days)
            )


def _sum_tallies(spans: Q) -> dict[Any, int]:
    sums = Tally.objects.filter(spans).order_by().values("course_id", "figure", "subject")
    return {(row["course_id"], row["figure"], row["subject"]): row["n"] for row in sums.annotate(n=Sum("amount"))}


def _count_learners(spans: Q) -> dict[Any, int]:
    found: defaultdict[Any, BitMap] = defaultdict(BitMap)
    for one in ActiveSet.objects.filter(spans).order_by().iterator():
        found[one.course_id] |= one.people
    return {(course_id, "active", ""): len(people) for course_id, people in found.items()}


def _compare_amounts(span: str, begin: date, stored: dict[Any, int], counted: dict[Any, int]) -> Iterator[Difference]:
    for key in sorted(set(stored) | set(counted), key=str):
        if stored.get(key, 0) != counted.get(key, 0):
            label = f"{key[1]} {key[2]} of {key[0] or 'the site'}"
            yield Difference(span, begin, label, stored.get(key, 0), counted.get(key, 0))


@transaction.atomic
def repair(found: Iterable[Difference]) -> int:
    """Count the days of these differences again; return the number of days."""
    state = _lock_state()
    days = sorted({one.begins_on for one in found})
    for day in days:
        _write_days(Period(day, day), last_day=state.rolled_to or day)
    return len(days)
