"""Days in the site's time zone, and how a report cuts them (API.md, "Analytics, admin, instructors")."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import DateField
from django.db.models.functions import TruncDay, TruncMonth, TruncWeek, TruncYear
from django.utils import timezone

INTERVALS = {"day": TruncDay, "week": TruncWeek, "month": TruncMonth}
LONGEST_DAYS = 20 * 366
USUAL_DAYS = 30
# Rows of a day may be committed a little after its end, by transactions that began before it.
SETTLES_AFTER = timedelta(minutes=5)


@dataclass(frozen=True)
class Period:
    """The days `first` to `last`, both included, cut into days, weeks from Monday, or months."""

    first: date
    last: date
    interval: str = "day"

    @property
    def begins_at(self) -> datetime:
        """The first moment of the first day, where the site is."""
        return _midnight(self.first)

    @property
    def ends_at(self) -> datetime:
        """The first moment after the last day. Not 24 hours after its beginning: clocks are put forward and back."""
        return _midnight(self.last + timedelta(days=1))

    def within(self, column: str) -> dict[str, datetime]:
        """Return what a filter takes to let through the rows whose `column` lies in these days."""
        return between(column, self.begins_at, self.ends_at)

    def cut(self, column: Any) -> Any:
        """Return the expression that names the interval in which `column` lies, by its first day."""
        return INTERVALS[self.interval](column, output_field=DateField(), tzinfo=timezone.get_default_timezone())

    def start_of(self, day: date) -> date:
        """Return the first day of the interval in which `day` lies; of the first one, that may be before the period."""
        return begin_of(day, self.interval)

    def dates(self) -> Iterator[date]:
        """Yield the first day of every interval that these days touch, in order."""
        day = self.start_of(self.first)
        while day <= self.last:
            yield day
            day = next_of(day, self.interval)

    def before(self) -> "Period":
        """Return as many days, just before these: what a report compares itself with."""
        days = self.last - self.first
        last = self.first - timedelta(days=1)
        return Period(last - days, last, self.interval)

    def part(self, first: date, last: date) -> "Period | None":
        """Return the days of this period that lie from `first` to `last`; None where there are none."""
        begin, end = max(self.first, first), min(self.last, last)
        return Period(begin, end, self.interval) if begin <= end else None

    @property
    def days(self) -> int:
        """How many they are."""
        return (self.last - self.first).days + 1


def between(column: str, begin: datetime, end: datetime) -> dict[str, datetime]:
    """Return what a filter takes to let through the rows whose `column` lies from `begin` to before `end`."""
    return {f"{column}__gte": begin, f"{column}__lt": end}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())


def begin_of(day: date, interval: str) -> date:
    """Return the first day of the day, week, month or year in which `day` lies."""
    if interval == "week":
        return day - timedelta(days=day.weekday())
    if interval == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if interval == "year" else day


def next_of(begin: date, interval: str) -> date:
    """Return the first day of the day, week, month or year after the one that begins with `begin`."""
    if interval == "year":
        return begin.replace(year=begin.year + 1)
    if interval == "month":
        return (begin.replace(day=28) + timedelta(days=4)).replace(day=1)
    return begin + timedelta(days=7 if interval == "week" else 1)


def day_of(column: Any) -> Any:
    """Return the expression that names the site's day in which `column` lies."""
    return TruncDay(column, output_field=DateField(), tzinfo=timezone.get_default_timezone())


def cut_of(column: Any, interval: str) -> Any:
    """Return the expression that names the first day of the week, month or year in which a *date* column lies."""
    return {"week": TruncWeek, "month": TruncMonth, "year": TruncYear}[interval](column, output_field=DateField())


def today() -> date:
    """Return the day that it is where the site is."""
    return local_day(timezone.now())


def local_day(moment: datetime) -> date:
    """Return the day that `moment` lies in where the site is."""
    return timezone.localdate(moment, timezone=timezone.get_default_timezone())


def last_closed_day() -> date:
    """Return the last day of which no more rows are to be expected."""
    return local_day(timezone.now() - SETTLES_AFTER) - timedelta(days=1)


def last_days(days: int = USUAL_DAYS, until: date | None = None) -> Period:
    """Return the last days, with today, or with the day `until`."""
    last = until or today()
    return Period(last - timedelta(days=days - 1), last)
