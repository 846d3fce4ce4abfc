"""Reader of figures: closed days from the roll-ups, the days since then from the rows (the live part).

Years, months, weeks and days cover any period with about twenty rows per figure, so that ten years cost as much as ten
weeks. The live part is counted once per reader. Without roll-ups, or after a change of the site's time zone, all
figures are counted from the rows.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

from django.db.models import Q, Sum
from pyroaring import BitMap

from analytics import metrics
from analytics.models import ActiveSet, RollupState, Span, Tally, deserialize_learners
from analytics.periods import Period, next_interval, start_of_interval
from core.db.cursors import server_cursors

INTERVAL_BY_SPAN = {Span.YEAR: "year", Span.MONTH: "month", Span.WEEK: "week"}
SPANS_BY_INTERVAL = {"day": (), "week": (Span.WEEK,), "month": (Span.MONTH,)}
LONG_SPANS = (Span.YEAR, Span.MONTH, Span.WEEK)


@dataclass(frozen=True)
class Sums:
    """Amounts by figure and subject."""

    amounts: Counter[tuple[str, str]]

    def of(self, figure: str, subject: str = "") -> int:
        """Return the amount of a figure, of one subject if the figure has subjects."""
        return self.amounts[figure, subject]

    def by_subject(self, figure: str) -> dict[str, int]:
        """Return the amounts of a figure by subject."""
        return {subject: amount for (name, subject), amount in self.amounts.items() if name == figure}


class RollupReader:
    """Reader of the figures of the whole site, or of the courses with the ids `courses`.

    The roll-up state is read once, so that all figures of a report are consistent.
    """

    def __init__(self, courses: Sequence[UUID] | None = None) -> None:
        self.courses = courses
        self.state = RollupState.current()
        self._live_figures: dict[tuple[date, date, bool], dict[str, list[metrics.DayCount]]] = {}
        self._live_activity: dict[tuple[date, date], list[tuple[date, UUID, list[int]]]] = {}

    def period_until(self, last: date) -> Period:
        """Return the period of all days until `last`, for totals."""
        first = self.state.rolled_from if self.state.last_usable_day else date.min + timedelta(days=366)
        return Period(min(first or last, last), last)

    def sums(self, period: Period, figures: Collection[str], subject: str | None = None) -> Sums:
        """Return the sums of some figures over a period, of one subject or of all.

        One query, plus those for the live part.
        """
        return self.sums_by_period([(period, figures)], subject)[0]

    def sums_by_period(
        self, requested: Sequence[tuple[Period, Collection[str]]], subject: str | None = None
    ) -> list[Sums]:
        """Return the sums of several periods, each with its own figures, in order.

        One query for all of them, plus those for the live part.
        """
        every = {figure for _period, figures in requested for figure in figures}
        covers = [self._rolled_spans(period, LONG_SPANS) for period, _figures in requested]
        rows = self._filter_courses(Tally.objects.all()).filter(_span_condition(chain(*covers)), figure__in=every)
        keyed = _filter_subject(rows, subject).order_by().values_list("span", "begins_on", "figure", "subject")
        found = [Counter[tuple[str, str]]() for _one in requested]
        for span, begins_on, figure, subject_name, summed in keyed.annotate(n=Sum("amount")):
            for index in _matching_covers(covers, span, begins_on):
                found[index][figure, subject_name] += summed
        for amount, (period, _figures) in zip(found, requested, strict=True):
            for one in self._live_counts(period, every, subject):
                amount[one.figure, one.subject] += one.amount
        return [Sums(amount) for amount in found]

    def series(self, period: Period, figures: Collection[str], subject: str | None = None) -> dict[str, Counter[date]]:
        """Return figures by the first day of each interval of the period. Missing amounts are zero."""
        found: dict[str, Counter[date]] = {figure: Counter() for figure in figures}
        rows = self._filter_courses(Tally.objects.all()).filter(
            self._cover_condition(period, SPANS_BY_INTERVAL[period.interval]), figure__in=figures
        )
        for figure, begins_on, amount in self._by_day(_filter_subject(rows, subject)):
            found[figure][period.start_of(begins_on)] += amount
        for one in self._live_counts(period, figures, subject):
            found[one.figure][period.start_of(one.day)] += one.amount
        return found

    def by_course(self, period: Period, figures: Collection[str], subject: str | None = None) -> dict[UUID, Sums]:
        """Return the sums of some figures by course.

        Call it before the other methods: they derive the live part of the site from that of the courses without a
        query.
        """
        found: defaultdict[UUID, Counter[tuple[str, str]]] = defaultdict(Counter)
        rows = self._filter_courses(Tally.objects.all(), each_course=True).filter(
            self._cover_condition(period, LONG_SPANS), figure__in=figures
        )
        keyed = _filter_subject(rows, subject).order_by().values_list("course_id", "figure", "subject")
        for course_id, figure, subject_name, amount in keyed.annotate(n=Sum("amount")):
            found[course_id][figure, subject_name] += amount
        for one in self._live_counts(period, figures, subject, each_course=True):
            if one.course_id is not None:
                found[one.course_id][one.figure, one.subject] += one.amount
        return {course_id: Sums(amounts) for course_id, amounts in found.items()}

    def count_active(self, period: Period) -> int:
        """Return the exact number of people active in a period. One query, plus that for the live part."""
        return self.count_active_by_period([period])[0]

    def count_active_by_period(self, periods: Sequence[Period]) -> list[int]:
        """Return the number of people active in each period. One query for all, plus that for the live part."""
        covers = [self._rolled_spans(period, LONG_SPANS) for period in periods]
        people = [[BitMap(numbers) for *_where, numbers in self._live_learners(period)] for period in periods]
        sets = self._filter_courses(ActiveSet.objects.all()).filter(_span_condition(chain(*covers))).order_by()
        for span, begins_on, numbers in _fetch_sets(sets.values_list("span", "begins_on", "numbers")):
            found = deserialize_learners(numbers)
            for index in _matching_covers(covers, span, begins_on):
                people[index].append(found)
        return [union_size(sets) for sets in people]

    def active_series(self, period: Period) -> Counter[date]:
        """Return the number of people active in each interval of a period."""
        people: defaultdict[date, list[BitMap]] = defaultdict(list)
        counts: Counter[date] = Counter()
        for day, _course, numbers in self._live_learners(period):
            people[period.start_of(day)].append(BitMap(numbers))
        sets = self._active_sets_of(period, SPANS_BY_INTERVAL[period.interval])
        if self.courses is None:  # a whole interval has one row with its count
            whole = SPANS_BY_INTERVAL[period.interval][0] if SPANS_BY_INTERVAL[period.interval] else Span.DAY
            for begins_on, count in sets.filter(span=whole).values_list("begins_on", "count"):
                counts[begins_on] = count
            if whole == Span.DAY:
                sets = sets.none()
            sets = sets.exclude(span=whole)
        for begins_on, numbers in _fetch_sets(sets.values_list("begins_on", "numbers")):
            people[period.start_of(begins_on)].append(deserialize_learners(numbers))
        return counts + Counter({begin: union_size(sets) for begin, sets in people.items()})

    def active_by_course(self, period: Period, only: Sequence[UUID]) -> dict[UUID, int]:
        """Return the number of people active in each of the courses `only` in a period."""
        people: defaultdict[UUID, list[BitMap]] = defaultdict(list)
        sets = self._active_sets_of(period, LONG_SPANS, each_course=True).filter(course__in=only)
        for course_id, numbers in _fetch_sets(sets.values_list("course_id", "numbers")):
            people[course_id].append(deserialize_learners(numbers))
        for _day, course_id, numbers in self._live_learners(period):
            people[course_id].append(BitMap(numbers))
        return {course_id: union_size(people[course_id]) for course_id in only}

    def courses_with_activity(self, period: Period) -> set[UUID]:
        """Return the ids of the courses with activity in a period."""
        sets = self._active_sets_of(period, LONG_SPANS, each_course=True).values_list("course_id", flat=True).distinct()
        return set(sets) | {course_id for _day, course_id, _numbers in self._live_learners(period)}

    def _by_day(self, rows: Any) -> Any:
        """Return figure, first day and amount of tallies; the database adds up those of several courses."""
        if self.courses is None:
            return rows.order_by().values_list("figure", "begins_on", "amount")
        return rows.order_by().values_list("figure", "begins_on").annotate(n=Sum("amount"))

    def _active_sets_of(self, period: Period, spans: Sequence[str], *, each_course: bool = False) -> Any:
        return (
            self._filter_courses(ActiveSet.objects.all(), each_course=each_course)
            .filter(self._cover_condition(period, spans))
            .order_by()
        )

    def _filter_courses(self, rows: Any, *, each_course: bool = False) -> Any:
        """Return the roll-ups of the site, of each course, or of the reader's courses."""
        if self.courses is not None:
            return rows.filter(course__in=self.courses)
        return rows.filter(course__isnull=not each_course)

    def _rolled_spans(self, period: Period, spans: Sequence[str]) -> list[tuple[str, date, date]]:
        """Return the spans that make up the rolled-up part of a period, in the format of `cover_days`."""
        reach = self.state.last_usable_day
        rolled = period.clip(date.min, reach) if reach else None
        return list(cover_days(rolled.first, rolled.last, spans)) if rolled else []

    def _cover_condition(self, period: Period, spans: Sequence[str]) -> Q:
        """Return the condition that selects those spans."""
        return _span_condition(self._rolled_spans(period, spans))

    def _unrolled_part(self, period: Period) -> Period | None:
        """Return the part of a period that is not rolled up."""
        reach = self.state.last_usable_day
        return period.clip(reach + timedelta(days=1) if reach else date.min, period.last)

    def _live_counts(
        self, period: Period, figures: Collection[str], subject: str | None, *, each_course: bool = False
    ) -> Iterator[metrics.DayCount]:
        """Yield the figures of the part that is not rolled up, counted from the rows once and cached."""
        rest = self._unrolled_part(period)
        if rest is None:
            return
        by_course = self._live_figures.setdefault((rest.first, rest.last, True), {})
        known = by_course if each_course else self._live_figures.setdefault((rest.first, rest.last, False), {})
        missing = [figure for figure in figures if figure not in known and figure not in by_course]
        known |= {figure: [] for figure in missing}
        for one in metrics.count_by_day(rest, missing, self.courses, each_course=each_course) if missing else ():
            known[one.figure].append(one)
        for figure in figures:
            counted = by_course[figure] if figure in by_course else known[figure]
            yield from (one for one in counted if subject is None or one.subject == subject)

    def _live_learners(self, period: Period) -> list[tuple[date, UUID, list[int]]]:
        rest = self._unrolled_part(period)
        if rest is None:
            return []
        key = rest.first, rest.last
        if key not in self._live_activity:
            self._live_activity[key] = list(metrics.active_learners(rest, self.courses))
        return self._live_activity[key]


def _fetch_sets(sets: Any) -> list[Any]:
    """Return rows with sets of people, read in binary format: for all courses they are megabytes."""
    with server_cursors(binary=True):
        return list(sets)


def _filter_subject(rows: Any, subject: str | None) -> Any:
    return rows if subject is None else rows.filter(subject=subject)


def _span_condition(spans: Iterable[tuple[str, date, date]]) -> Q:
    """Return the condition that selects exactly the roll-ups of these spans."""
    some = Q(pk__in=[])
    for span, first, last in dict.fromkeys(spans):
        some |= Q(span=span, begins_on__range=(first, last))
    return some


def _matching_covers(covers: Iterable[Iterable[tuple[str, date, date]]], span: str, begins_on: date) -> Iterator[int]:
    """Yield the indexes of the covers that contain a roll-up."""
    for index, spans in enumerate(covers):
        if any(span == one and first <= begins_on <= last for one, first, last in spans):
            yield index


def union_size(sets: Iterable[BitMap]) -> int:
    """Return the number of people in at least one of the sets. One union of all is cheaper than a union for each."""
    return len(BitMap.union(BitMap(), *sets))


def cover_days(first: date, last: date, spans: Sequence[str]) -> Iterator[tuple[str, date, date]]:
    """Yield the spans that make up the days `first` to `last`: whole spans, longest first, and days.

    Each is a tuple of span, first start and last start.
    """
    if first > last:
        return
    if not spans:
        yield Span.DAY, first, last
        return
    interval = INTERVAL_BY_SPAN[Span(spans[0])]
    begin = (
        first
        if start_of_interval(first, interval) == first
        else next_interval(start_of_interval(first, interval), interval)
    )
    after = start_of_interval(last + timedelta(days=1), interval)
    if begin >= after:
        yield from cover_days(first, last, spans[1:])
        return
    yield spans[0], begin, start_of_interval(after - timedelta(days=1), interval)
    yield from cover_days(first, begin - timedelta(days=1), spans[1:])
    yield from cover_days(after, last, spans[1:])


def reader_for(courses: Any = None) -> RollupReader:
    """Return a reader of the whole site, or of the courses of a queryset."""
    return RollupReader(None if courses is None else list(courses.order_by().values_list("pk", flat=True)))
