"""Reading figures: closed days from the roll-ups, the days since then from the rows.

Years, months, weeks and days cover any stretch of days with some twenty rows of each figure, so ten years cost what ten
weeks do. Today's part is counted once for a whole report, whatever it is asked for. Where nothing is rolled up yet, or
the site's time zone has just changed, everything is counted from the rows.
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

from analytics import sources
from analytics.models import ActiveSet, RollupState, Span, Tally, people_in
from analytics.periods import Period, begin_of, next_of
from lms.lib.cursors import server_cursors

INTERVAL_OF = {Span.YEAR: "year", Span.MONTH: "month", Span.WEEK: "week"}
SPANS = {"day": (), "week": (Span.WEEK,), "month": (Span.MONTH,)}
LONG_SPANS = (Span.YEAR, Span.MONTH, Span.WEEK)


@dataclass(frozen=True)
class Sums:
    """Amounts by figure and subject."""

    amounts: Counter[tuple[str, str]]

    def of(self, figure: str, subject: str = "") -> int:
        """Return the amount of a figure, of one subject where it has some."""
        return self.amounts[figure, subject]

    def by_subject(self, figure: str) -> dict[str, int]:
        """Return the amounts of a figure by its subjects."""
        return {subject: amount for (name, subject), amount in self.amounts.items() if name == figure}


class Reader:
    """Reads figures of the whole site, or of some courses: `courses` are their ids.

    It asks once how far the roll-ups reach, so that all the figures of a report fit together.
    """

    def __init__(self, courses: Sequence[UUID] | None = None) -> None:
        self.courses = courses
        self.state = RollupState.current()
        self._counted: dict[tuple[date, date, bool], dict[str, list[sources.DayCount]]] = {}
        self._learned: dict[tuple[date, date], list[tuple[date, UUID, list[int]]]] = {}

    def until(self, last: date) -> Period:
        """Return all the days until `last`: of what stands, and does not happen in a stretch of days."""
        first = self.state.rolled_from if self.state.reach else date.min + timedelta(days=366)
        return Period(min(first or last, last), last)

    def sums(self, period: Period, figures: Collection[str], subject: str | None = None) -> Sums:
        """Return the sums of some figures over a period, of one subject or of each. One query and today's."""
        return self.sums_of([(period, figures)], subject)[0]

    def sums_of(self, asked: Sequence[tuple[Period, Collection[str]]], subject: str | None = None) -> list[Sums]:
        """Return the sums of several periods, each of its figures, in their order. One query for all, and today's."""
        every = {figure for _period, figures in asked for figure in figures}
        covers = [self._spans(period, LONG_SPANS) for period, _figures in asked]
        rows = self._in_courses(Tally.objects.all()).filter(_condition(chain(*covers)), figure__in=every)
        keyed = _about(rows, subject).order_by().values_list("span", "begins_on", "figure", "subject")
        found = [Counter[tuple[str, str]]() for _one in asked]
        for span, begins_on, figure, about, summed in keyed.annotate(n=Sum("amount")):
            for place in _places(covers, span, begins_on):
                found[place][figure, about] += summed
        for amount, (period, _figures) in zip(found, asked, strict=True):
            for one in self._since(period, every, subject):
                amount[one.figure, one.subject] += one.amount
        return [Sums(amount) for amount in found]

    def series(self, period: Period, figures: Collection[str], subject: str | None = None) -> dict[str, Counter[date]]:
        """Return figures by interval of the period, each by its first day. What is missing is zero."""
        found: dict[str, Counter[date]] = {figure: Counter() for figure in figures}
        rows = self._in_courses(Tally.objects.all()).filter(
            self._cover(period, SPANS[period.interval]), figure__in=figures
        )
        for figure, begins_on, amount in self._by_day(_about(rows, subject)):
            found[figure][period.start_of(begins_on)] += amount
        for one in self._since(period, figures, subject):
            found[one.figure][period.start_of(one.day)] += one.amount
        return found

    def by_course(self, period: Period, figures: Collection[str], subject: str | None = None) -> dict[UUID, Sums]:
        """Return the sums of some figures by course.

        A report asks for this first: from today's part of each course, that of the site is known, too.
        """
        found: defaultdict[UUID, Counter[tuple[str, str]]] = defaultdict(Counter)
        rows = self._in_courses(Tally.objects.all(), each=True).filter(
            self._cover(period, LONG_SPANS), figure__in=figures
        )
        keyed = _about(rows, subject).order_by().values_list("course_id", "figure", "subject")
        for course_id, figure, about, amount in keyed.annotate(n=Sum("amount")):
            found[course_id][figure, about] += amount
        for one in self._since(period, figures, subject, each_course=True):
            if one.course_id is not None:
                found[one.course_id][one.figure, one.subject] += one.amount
        return {course_id: Sums(amounts) for course_id, amounts in found.items()}

    def active(self, period: Period) -> int:
        """Return how many people learned in a period, each once: exact, from sets. One query and today's."""
        return self.active_in([period])[0]

    def active_in(self, periods: Sequence[Period]) -> list[int]:
        """Return how many people learned in each of some periods. One query for all, and today's."""
        covers = [self._spans(period, LONG_SPANS) for period in periods]
        people = [[BitMap(numbers) for *_where, numbers in self._learners_since(period)] for period in periods]
        sets = self._in_courses(ActiveSet.objects.all()).filter(_condition(chain(*covers))).order_by()
        for span, begins_on, numbers in _fetched(sets.values_list("span", "begins_on", "numbers")):
            found = people_in(numbers)
            for place in _places(covers, span, begins_on):
                people[place].append(found)
        return [how_many(sets) for sets in people]

    def active_series(self, period: Period) -> Counter[date]:
        """Return how many people learned in each interval of a period, each person once in an interval."""
        people: defaultdict[date, list[BitMap]] = defaultdict(list)
        counts: Counter[date] = Counter()
        for day, _course, numbers in self._learners_since(period):
            people[period.start_of(day)].append(BitMap(numbers))
        sets = self._sets(period, SPANS[period.interval])
        if self.courses is None:  # one row for each whole interval, which knows its count
            whole = SPANS[period.interval][0] if SPANS[period.interval] else Span.DAY
            for begins_on, count in sets.filter(span=whole).values_list("begins_on", "count"):
                counts[begins_on] = count
            if whole == Span.DAY:
                sets = sets.none()
            sets = sets.exclude(span=whole)
        for begins_on, numbers in _fetched(sets.values_list("begins_on", "numbers")):
            people[period.start_of(begins_on)].append(people_in(numbers))
        return counts + Counter({begin: how_many(sets) for begin, sets in people.items()})

    def active_by_course(self, period: Period, only: Sequence[UUID]) -> dict[UUID, int]:
        """Return how many people learned in each of some courses in a period."""
        people: defaultdict[UUID, list[BitMap]] = defaultdict(list)
        sets = self._sets(period, LONG_SPANS, each=True).filter(course__in=only)
        for course_id, numbers in _fetched(sets.values_list("course_id", "numbers")):
            people[course_id].append(people_in(numbers))
        for _day, course_id, numbers in self._learners_since(period):
            people[course_id].append(BitMap(numbers))
        return {course_id: how_many(people[course_id]) for course_id in only}

    def courses_with_activity(self, period: Period) -> set[UUID]:
        """Return in which courses anybody learned in a period."""
        sets = self._sets(period, LONG_SPANS, each=True).values_list("course_id", flat=True).distinct()
        return set(sets) | {course_id for _day, course_id, _numbers in self._learners_since(period)}

    def _by_day(self, rows: Any) -> Any:
        """Return figure, first day and amount of some tallies; those of several courses in one sum, in the database."""
        if self.courses is None:
            return rows.order_by().values_list("figure", "begins_on", "amount")
        return rows.order_by().values_list("figure", "begins_on").annotate(n=Sum("amount"))

    def _sets(self, period: Period, spans: Sequence[str], *, each: bool = False) -> Any:
        return self._in_courses(ActiveSet.objects.all(), each=each).filter(self._cover(period, spans)).order_by()

    def _in_courses(self, rows: Any, *, each: bool = False) -> Any:
        """Narrow roll-ups to the whole site's own rows, to those of every course where `each`, or to some courses'."""
        if self.courses is not None:
            return rows.filter(course__in=self.courses)
        return rows.filter(course__isnull=not each)

    def _spans(self, period: Period, spans: Sequence[str]) -> list[tuple[str, date, date]]:
        """Return the roll-ups that together make up the rolled part of a period, as `covering` names them."""
        reach = self.state.reach
        rolled = period.part(date.min, reach) if reach else None
        return list(covering(rolled.first, rolled.last, spans)) if rolled else []

    def _cover(self, period: Period, spans: Sequence[str]) -> Q:
        """Return the condition that lets those roll-ups through."""
        return _condition(self._spans(period, spans))

    def _rest(self, period: Period) -> Period | None:
        """Return the part of a period that is not rolled up."""
        reach = self.state.reach
        return period.part(reach + timedelta(days=1) if reach else date.min, period.last)

    def _since(
        self, period: Period, figures: Collection[str], subject: str | None, *, each_course: bool = False
    ) -> Iterator[sources.DayCount]:
        """Yield what the rows say of the part that is not rolled up: counted once, and remembered."""
        rest = self._rest(period)
        if rest is None:
            return
        by_course = self._counted.setdefault((rest.first, rest.last, True), {})
        known = by_course if each_course else self._counted.setdefault((rest.first, rest.last, False), {})
        missing = [figure for figure in figures if figure not in known and figure not in by_course]
        known |= {figure: [] for figure in missing}
        for one in sources.counts(rest, missing, self.courses, each_course=each_course) if missing else ():
            known[one.figure].append(one)
        for figure in figures:
            counted = by_course[figure] if figure in by_course else known[figure]
            yield from (one for one in counted if subject is None or one.subject == subject)

    def _learners_since(self, period: Period) -> list[tuple[date, UUID, list[int]]]:
        rest = self._rest(period)
        if rest is None:
            return []
        key = rest.first, rest.last
        if key not in self._learned:
            self._learned[key] = list(sources.active(rest, self.courses))
        return self._learned[key]


def _fetched(sets: Any) -> list[Any]:
    """Return rows that hold sets of people, which are megabytes where all courses are asked for."""
    with server_cursors(binary=True):
        return list(sets)


def _about(rows: Any, subject: str | None) -> Any:
    return rows if subject is None else rows.filter(subject=subject)


def _condition(spans: Iterable[tuple[str, date, date]]) -> Q:
    """Return what lets through the roll-ups of these spans, and no other ones."""
    some = Q(pk__in=[])
    for span, first, last in dict.fromkeys(spans):
        some |= Q(span=span, begins_on__range=(first, last))
    return some


def _places(covers: Iterable[Iterable[tuple[str, date, date]]], span: str, begins_on: date) -> Iterator[int]:
    """Yield the places of those covers that a roll-up is part of."""
    for place, spans in enumerate(covers):
        if any(span == one and first <= begins_on <= last for one, first, last in spans):
            yield place


def how_many(sets: Iterable[BitMap]) -> int:
    """Return how many people are in at least one of some sets: all at once, which is cheaper than one by one."""
    return len(BitMap.union(BitMap(), *sets))


def covering(first: date, last: date, spans: Sequence[str]) -> Iterator[tuple[str, date, date]]:
    """Yield how to make up the days `first` to `last` of whole spans, the longest first, and of days: each as a span
    with the first and the last of its beginnings."""
    if first > last:
        return
    if not spans:
        yield Span.DAY, first, last
        return
    interval = INTERVAL_OF[Span(spans[0])]
    begin = first if begin_of(first, interval) == first else next_of(begin_of(first, interval), interval)
    after = begin_of(last + timedelta(days=1), interval)
    if begin >= after:
        yield from covering(first, last, spans[1:])
        return
    yield spans[0], begin, begin_of(after - timedelta(days=1), interval)
    yield from covering(first, begin - timedelta(days=1), spans[1:])
    yield from covering(after, last, spans[1:])


def reader_of(courses: Any = None) -> Reader:
    """Return a reader of the whole site, or of the courses of a QuerySet."""
    return Reader(None if courses is None else list(courses.order_by().values_list("pk", flat=True)))
