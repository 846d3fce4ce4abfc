"""Reading figures: closed days from the roll-ups, the days since then from the rows.

Years, months and days cover any stretch of days with a few dozen rows of each figure, so ten years cost what ten weeks
do. Where nothing is rolled up yet, or the site's time zone has just changed, everything is counted from the rows.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q, Sum
from pyroaring import BitMap

from analytics import sources
from analytics.models import ActiveSet, RollupState, Span, Tally
from analytics.periods import Period, begin_of, next_of

INTERVAL_OF = {Span.YEAR: "year", Span.MONTH: "month", Span.WEEK: "week"}
SPANS = {"day": (), "week": (Span.WEEK,), "month": (Span.MONTH,)}
LONG_SPANS = (Span.YEAR, Span.MONTH)


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

    def until(self, last: date) -> Period:
        """Return all the days until `last`: of what stands, and does not happen in a stretch of days."""
        first = self.state.rolled_from if self.state.reach else date.min + timedelta(days=366)
        return Period(min(first or last, last), last)

    def sums(self, period: Period, figures: Collection[str], subject: str | None = None) -> Sums:
        """Return the sums of some figures over a period, of one subject or of each. Two queries and today's."""
        found: Counter[tuple[str, str]] = Counter()
        rows = self._tallies(period, LONG_SPANS, figures, subject).values("figure", "subject")
        for row in rows.annotate(n=Sum("amount")):
            found[row["figure"], row["subject"]] += row["n"]
        for one in self._since(period, figures, subject):
            found[one.figure, one.subject] += one.amount
        return Sums(found)

    def series(self, period: Period, figures: Collection[str], subject: str | None = None) -> dict[str, Counter[date]]:
        """Return figures by interval of the period, each by its first day. What is missing is zero."""
        found: dict[str, Counter[date]] = {figure: Counter() for figure in figures}
        rows = self._tallies(period, SPANS[period.interval], figures, subject).values("figure", "begins_on")
        for row in rows.annotate(n=Sum("amount")):
            found[row["figure"]][period.start_of(row["begins_on"])] += row["n"]
        for one in self._since(period, figures, subject):
            found[one.figure][period.start_of(one.day)] += one.amount
        return found

    def by_course(self, period: Period, figures: Collection[str], subject: str | None = None) -> dict[UUID, Sums]:
        """Return the sums of some figures by course."""
        found: defaultdict[UUID, Counter[tuple[str, str]]] = defaultdict(Counter)
        rows = self._in_courses(Tally.objects.all(), each=True).filter(
            self._cover(period, LONG_SPANS), figure__in=figures, **({} if subject is None else {"subject": subject})
        )
        for row in rows.order_by().values("course_id", "figure", "subject").annotate(n=Sum("amount")):
            found[row["course_id"]][row["figure"], row["subject"]] += row["n"]
        for one in self._since(period, figures, subject):
            found[one.course_id][one.figure, one.subject] += one.amount
        return {course_id: Sums(amounts) for course_id, amounts in found.items()}

    def active(self, period: Period) -> int:
        """Return how many people learned in a period, each once: exact, from sets. One query and today's."""
        people = BitMap()
        for found in self._sets(period, LONG_SPANS, each=False):
            people |= found.people
        for _day, _course, number in self._learners_since(period):
            people.add(number)
        return len(people)

    def active_series(self, period: Period) -> Counter[date]:
        """Return how many people learned in each interval of a period, each person once in an interval."""
        people: defaultdict[date, BitMap] = defaultdict(BitMap)
        counts: Counter[date] = Counter()
        for day, _course, number in self._learners_since(period):
            people[period.start_of(day)].add(number)
        sets = self._sets(period, SPANS[period.interval], each=False)
        whole = Span.DAY if period.interval == "day" else SPANS[period.interval][0]
        if self.courses is None:  # one row for each whole interval, which knows its count
            for begins_on, count in sets.filter(span=whole).values_list("begins_on", "count"):
                counts[begins_on] = count
            sets = sets.exclude(span=whole)
        for found in sets:
            people[period.start_of(found.begins_on)] |= found.people
        return counts + Counter({begin: len(found) for begin, found in people.items()})

    def active_by_course(self, period: Period, only: Sequence[UUID]) -> dict[UUID, int]:
        """Return how many people learned in each of some courses in a period."""
        people: defaultdict[UUID, BitMap] = defaultdict(BitMap)
        for found in self._sets(period, LONG_SPANS, each=True).filter(course__in=only):
            people[found.course_id] |= found.people
        for _day, course_id, number in self._learners_since(period):
            people[course_id].add(number)
        return {course_id: len(people[course_id]) for course_id in only}

    def courses_with_activity(self, period: Period) -> set[UUID]:
        """Return in which courses anybody learned in a period."""
        sets = self._sets(period, LONG_SPANS, each=True).values_list("course_id", flat=True).distinct()
        return set(sets) | {course_id for _day, course_id, _number in self._learners_since(period)}

    def _tallies(self, period: Period, spans: Sequence[str], figures: Collection[str], subject: str | None) -> Any:
        rows = self._in_courses(Tally.objects.all()).filter(self._cover(period, spans), figure__in=figures)
        return (rows if subject is None else rows.filter(subject=subject)).order_by()

    def _sets(self, period: Period, spans: Sequence[str], *, each: bool) -> Any:
        return self._in_courses(ActiveSet.objects.all(), each=each).filter(self._cover(period, spans)).order_by()

    def _in_courses(self, rows: Any, *, each: bool = False) -> Any:
        """Narrow roll-ups to the whole site's own rows, to those of every course where `each`, or to some courses'."""
        if self.courses is not None:
            return rows.filter(course__in=self.courses)
        return rows.filter(course__isnull=not each)

    def _cover(self, period: Period, spans: Sequence[str]) -> Q:
        """Return the condition that lets through the roll-ups that together make up the rolled part of a period."""
        reach = self.state.reach
        rolled = period.part(date.min, reach) if reach else None
        condition = Q(pk__in=[])
        for span, first, last in covering(rolled.first, rolled.last, spans) if rolled else ():
            condition |= Q(span=span, begins_on__range=(first, last))
        return condition

    def _rest(self, period: Period) -> Period | None:
        """Return the part of a period that is not rolled up."""
        reach = self.state.reach
        return period.part(reach + timedelta(days=1) if reach else date.min, period.last)

    def _since(self, period: Period, figures: Collection[str], subject: str | None) -> Iterator[sources.DayCount]:
        """Yield what the rows say of the part that is not rolled up."""
        rest = self._rest(period)
        if rest:
            found = sources.counts(rest, figures, self.courses)
            yield from (one for one in found if subject is None or one.subject == subject)

    def _learners_since(self, period: Period) -> list[tuple[date, UUID, int]]:
        rest = self._rest(period)
        return list(sources.active(rest, self.courses)) if rest else []


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
