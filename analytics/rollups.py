"""Keeping the roll-ups: closed days counted once, again when something came late, and compared with the rows."""

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
from analytics import sources
from analytics.models import ActiveSet, Activity, Departure, Figure, RollupState, Span, Tally
from analytics.periods import Period, begin_of, day_of, last_closed_day, local_day, next_of
from enrollments.models import Enrollment, EnrollmentEvent, GradeEntry, LessonProgress
from payments.models import LedgerEntry

log = logging.getLogger(__name__)
BATCH = 2000
# So many rows may have a number, and not be committed yet, when the roll-ups begin.
IN_FLIGHT = 1000
# What the whole site is asked for; the other figures are only ever those of a course.
OF_THE_SITE = (Figure.JOINED, Figure.ENROLLMENTS, Figure.COMPLETIONS, Figure.ORDERS, Figure.GROSS, Figure.REFUNDS)
FIGURES = tuple(Figure)
# Longer spans, and what each is the sum of.
FOLDS = ((Span.WEEK, "week", Span.DAY), (Span.MONTH, "month", Span.DAY), (Span.YEAR, "year", Span.MONTH))
# Tables that are only appended to, with the days whose figures their rows change: the column of a time, and for which
# rows. Completing a course settles what was learned before on that day, and what is learned after on its own.
LESSON_AFTER = Q(enrollment__lesson_progress__completed_at__gte=F("enrollment__completed_at"))
LESSON_BEFORE = Q(completed_at__lt=F("enrollment__completed_at"))
APPENDED: tuple[tuple[Any, Mapping[str, Q]], ...] = (
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
    """A roll-up that does not say what the rows say."""

    span: str
    begins_on: date
    what: str
    kept: int
    counted: int

    def __str__(self) -> str:
        return f"{self.span}{self.begins_on} {self.what}: kept {self.kept}, counted {self.counted}"


def keep_up(*, until: date | None = None, seconds: float = 60) -> int:
    """Count the days that have closed since the last time, and those of which rows came late; return how many days.

    Begins anew where the site's time zone changed. Stops after `seconds`, a month at a time; the next call goes on.
    Of two at once, one waits for the other and finds nothing to do.
    """
    end = time.monotonic() + seconds
    counted = 0
    while time.monotonic() < end:
        done = _step(until or last_closed_day())
        if not done:
            break
        counted += done
    return counted


def rebuild(*, until: date | None = None) -> int:
    """Throw all roll-ups away and count them anew; return how many days. Reports are right, and slower, meanwhile."""
    with transaction.atomic():
        _start_over(_locked_state())
    counted = 0
    while done := _step(until or last_closed_day()):
        counted += done
    return counted


@transaction.atomic
def _step(until: date) -> int:
    """Count the next month of days, or, when there is none, the late ones; return how many days that were."""
    state = _locked_state()
    if state.time_zone != settings.TIME_ZONE:
        _start_over(state)
    if state.rolled_from is None or state.rolled_to is None:
        first = _first_day()
        if first is None or first > until:
            return 0
        state.rolled_from, state.rolled_to = first, first - timedelta(days=1)
        state.marks = {name: (max(0, newest - IN_FLIGHT), newest) for name, newest in _newest().items()}
    if state.rolled_to < until:
        begin = state.rolled_to + timedelta(days=1)
        end = min(until, next_of(begin_of(begin, "month"), "month") - timedelta(days=1))
        _count(Period(begin, end), reach=end)
        state.rolled_to = end
        _save(state)
        return (end - begin).days + 1
    late = _late_days(state)
    for day in late:
        _count(Period(day, day), reach=state.rolled_to)
        state.rolled_from = min(state.rolled_from, day)
    _save(state)
    return 0


def _save(state: RollupState) -> None:
    state.rolled_at = timezone.now()
    state.save(force_insert=state._state.adding)


def _locked_state() -> RollupState:
    RollupState.objects.bulk_create([RollupState(pk=1)], ignore_conflicts=True)
    return RollupState.objects.select_for_update().get(pk=1)


def _start_over(state: RollupState) -> None:
    """Forget everything, for the time zone that the site has now."""
    Tally.objects.all().delete()
    ActiveSet.objects.all().delete()
    state.time_zone, state.rolled_from, state.rolled_to, state.marks = settings.TIME_ZONE, None, None, {}
    _save(state)


def _first_day() -> date | None:
    """Return the first day of which there is anything to count."""
    columns = (
        (User, "created_at"), (Enrollment, "enrolled_at"), (Enrollment, "completed_at"),
        (LessonProgress, "completed_at"), (GradeEntry, "created_at"), (LedgerEntry, "created_at"),
        (Activity, "quarter_at"),
    )  # fmt: skip
    moments = [model._default_manager.aggregate(first=Min(column))["first"] for model, column in columns]
    return min((local_day(moment) for moment in moments if moment is not None), default=None)


def _count(days: Period, reach: date) -> None:
    """Write the roll-ups of some days from the rows, and of the longer spans that they are part of."""
    _of(Span.DAY, days.first, days.last).delete()
    ActiveSet.objects.filter(span=Span.DAY, begins_on__range=(days.first, days.last)).delete()
    _insert(Tally, _tallies(days))
    _insert(ActiveSet, _active_sets(days))
    for span, interval, parts in FOLDS:
        begin = begin_of(days.first, interval)
        while begin <= days.last:
            end = next_of(begin, interval) - timedelta(days=1)
            if end <= reach:
                _fold(span, parts, begin, end)
            begin = next_of(begin, interval)


def _of(span: str, first: date, last: date) -> QuerySet[Tally]:
    """Return the tallies of a span that begin from `first` to `last`. It names all figures, as the index begins so."""
    return Tally.objects.filter(span=span, figure__in=FIGURES, begins_on__range=(first, last))


def _insert(model: Any, rows: Iterable[Any]) -> None:
    """Insert rows, a batch at a time, without holding all of them."""
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            model.objects.bulk_create(batch)
            batch = []
    model.objects.bulk_create(batch)


def _tallies(days: Period) -> Iterator[Tally]:
    """Yield what the rows say of each day, for each course, and for the site."""
    for (day, (course_id, figure, subject)), amount in sorted(_counted(days).items(), key=str):
        yield Tally(span=Span.DAY, begins_on=day, course_id=course_id, figure=figure, subject=subject, amount=amount)


def _counted(days: Period) -> dict[tuple[date, Key], int]:
    """Return what the rows say of each day: the figures of each course, and of the site (None)."""
    found: Counter[tuple[date, Key]] = Counter()
    for one in sources.counts(days, FIGURES):
        for course_id in {one.course_id, None} if one.figure in OF_THE_SITE else {one.course_id}:
            found[one.day, (course_id, one.figure, one.subject)] += one.amount
    return {key: amount for key, amount in found.items() if amount}


def _active_sets(days: Period) -> Iterator[ActiveSet]:
    """Yield who learned on each day, in each course and on the site."""
    for (day, course_id), people in _counted_people(days).items():
        yield _active_set(Span.DAY, day, course_id, people)


def _counted_people(days: Period) -> dict[tuple[date, Any], BitMap]:
    found: defaultdict[tuple[date, Any], BitMap] = defaultdict(BitMap)
    for day, course_id, numbers in sources.active(days).iterator(chunk_size=500):
        found[day, course_id].update(numbers)
        found[day, None].update(numbers)
    return found


def _active_set(span: str, begins_on: date, course_id: Any, people: BitMap) -> ActiveSet:
    return ActiveSet(span=span, begins_on=begins_on, course_id=course_id, count=len(people), numbers=people.serialize())


def _fold(span: str, parts: str, begin: date, end: date) -> None:
    """Write one longer span as the sum of its parts, and its people as all of theirs."""
    _of(span, begin, begin).delete()
    ActiveSet.objects.filter(span=span, begins_on=begin).delete()
    sums = _of(parts, begin, end).order_by().values("course_id", "figure", "subject")
    _insert(
        Tally,
        (Tally(span=span, begins_on=begin, **row) for row in sums.annotate(amount=Sum("amount")) if row["amount"]),
    )
    people: defaultdict[Any, BitMap] = defaultdict(BitMap)
    for one in ActiveSet.objects.filter(span=parts, begins_on__range=(begin, end)).order_by().iterator():
        people[one.course_id] |= one.people
    _insert(ActiveSet, (_active_set(span, begin, course_id, found) for course_id, found in people.items()))


def _late_days(state: RollupState) -> list[date]:
    """Return the days up to the last counted one of which rows were appended since then; note how far was looked.

    It looks back over two runs: a row that got its number before another may be committed after it.
    """
    days: set[date] = set()
    reach = Period(state.rolled_to or date.min, state.rolled_to or date.min).ends_at
    newest = _newest()
    for model, columns in APPENDED:
        name = model._meta.label_lower
        before, last = state.marks.get(name, (0, 0))
        rows = model._default_manager.filter(pk__gt=before).order_by()
        for column, of_which in columns.items():
            late = rows.filter(of_which, **{f"{column}__lt": reach})
            days |= set(late.annotate(on_day=day_of(column)).values_list("on_day", flat=True).distinct())
        state.marks[name] = (last, newest[name])
    return sorted(days)


def _newest() -> dict[str, int]:
    """Return the newest id of each table that is only appended to."""
    return {
        model._meta.label_lower: model._default_manager.aggregate(n=Max("pk"))["n"] or 0 for model, _columns in APPENDED
    }


def differences(period: Period | None = None) -> Iterator[Difference]:
    """Yield where the roll-ups do not say what the rows say: of these days, or of all that were rolled up.

    Reads all rows of the days, a month at a time.
    """
    state = RollupState.current()
    if state.rolled_from is None or state.reach is None:
        return
    whole = Period(state.rolled_from, state.reach)
    asked = whole if period is None else period.part(whole.first, whole.last)
    for days in _months(asked) if asked else ():
        yield from _different_tallies(days)
        yield from _different_people(days)
    if asked:
        yield from _different_folds(asked)


def _months(period: Period) -> Iterator[Period]:
    begin = period.first
    while begin <= period.last:
        after = next_of(begin_of(begin, "month"), "month")
        yield Period(begin, min(period.last, after - timedelta(days=1)))
        begin = after


def _different_tallies(days: Period) -> Iterator[Difference]:
    rows = _of(Span.DAY, days.first, days.last).order_by()
    kept: defaultdict[date, dict[Any, int]] = defaultdict(dict)
    counted: defaultdict[date, dict[Any, int]] = defaultdict(dict)
    for one in rows.iterator():
        kept[one.begins_on][one.course_id, one.figure, one.subject] = one.amount
    for (day, key), amount in _counted(days).items():
        counted[day][key] = amount
    for day in sorted(set(kept) | set(counted)):
        yield from _unequal(Span.DAY, day, kept[day], counted[day])


def _different_people(days: Period) -> Iterator[Difference]:
    counted = _counted_people(days)
    sets = ActiveSet.objects.filter(span=Span.DAY, begins_on__range=(days.first, days.last)).order_by()
    kept = {(one.begins_on, one.course_id): one.people for one in sets}
    for key in sorted(set(counted) | set(kept), key=str):
        ours, theirs = kept.get(key, BitMap()), counted.get(key, BitMap())
        if ours != theirs:
            yield Difference(Span.DAY, key[0], f"active of {key[1] or 'the site'}", len(ours), len(theirs))


def _different_folds(asked: Period) -> Iterator[Difference]:
    """Yield the longer spans, of those that begin within the days, that are not the sum of their days."""
    begins = {"begins_on__range": (asked.first, asked.last)}
    for span, interval, _parts in FOLDS:
        kept = Tally.objects.filter(span=span, **begins).order_by("begins_on").values_list("begins_on", flat=True)
        sets = ActiveSet.objects.filter(span=span, **begins).order_by("begins_on").values_list("begins_on", flat=True)
        for begin in sorted({*kept.distinct(), *sets.distinct()}):
            days = Q(span=Span.DAY, begins_on__range=(begin, next_of(begin, interval) - timedelta(days=1)))
            yield from _unequal(span, begin, _sums(Q(span=span, begins_on=begin)), _sums(days))
            yield from _unequal(span, begin, _people(Q(span=span, begins_on=begin)), _people(days))


def _sums(spans: Q) -> dict[Any, int]:
    sums = Tally.objects.filter(spans).order_by().values("course_id", "figure", "subject")
    return {(row["course_id"], row["figure"], row["subject"]): row["n"] for row in sums.annotate(n=Sum("amount"))}


def _people(spans: Q) -> dict[Any, int]:
    found: defaultdict[Any, BitMap] = defaultdict(BitMap)
    for one in ActiveSet.objects.filter(spans).order_by().iterator():
        found[one.course_id] |= one.people
    return {(course_id, "active", ""): len(people) for course_id, people in found.items()}


def _unequal(span: str, begin: date, kept: dict[Any, int], counted: dict[Any, int]) -> Iterator[Difference]:
    for key in sorted(set(kept) | set(counted), key=str):
        if kept.get(key, 0) != counted.get(key, 0):
            what = f"{key[1]} {key[2]} of {key[0] or 'the site'}"
            yield Difference(span, begin, what, kept.get(key, 0), counted.get(key, 0))


@transaction.atomic
def repair(found: Iterable[Difference]) -> int:
    """Count the days anew of which some roll-up was wrong; return how many."""
    state = _locked_state()
    days = sorted({one.begins_on for one in found})
    for day in days:
        _count(Period(day, day), reach=state.rolled_to or day)
    return len(days)
