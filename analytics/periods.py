"""Periods in the site's time zone, and their intervals (docs/api-contract.md, "Analytics, admin, instructors")."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import DateField
from django.db.models.functions import TruncDay, TruncMonth, TruncWeek
from django.utils import timezone

INTERVALS = {"day": TruncDay, "week": TruncWeek, "month": TruncMonth}
MAX_DAYS = 20 * 366
DEFAULT_DAYS = 30
# Transactions that begin before midnight may commit rows of the closed day after it.
LATE_COMMIT_MARGIN = timedelta(minutes=5)


@dataclass(frozen=True)
class Period:
    """The days from `first` to `last`, inclusive, divided into days, weeks from Monday, or months."""

    first: date
    last: date
    interval: str = "day"

    @property
    def begins_at(self) -> datetime:
        """Start of the first day, in the site's time zone."""
        return _midnight(self.first)

    @property
    def ends_at(self) -> datetime:
        """End of the last day, exclusive. A day is not always 24 hours long: clocks change."""
        return _midnight(self.last + timedelta(days=1))

    def within(self, column: str) -> dict[str, datetime]:
        """Return the filter arguments for rows whose `column` lies in this period."""
        return between(column, self.begins_at, self.ends_at)

    def truncate(self, column: Any) -> Any:
        """Return the expression for the first day of the interval that contains `column`."""
        return INTERVALS[self.interval](column, output_field=DateField(), tzinfo=timezone.get_default_timezone())

    def start_of(self, day: date) -> date:
        """Return the first day of the interval that contains `day`; it may precede the period."""
        return start_of_interval(day, self.interval)

    def dates(self) -> Iterator[date]:
        """Yield the first day of each interval that overlaps the period, in order."""
        day = self.start_of(self.first)
        while day <= self.last:
            yield day
            day = next_interval(day, self.interval)

    def previous(self) -> "Period":
        """Return the period of the same length directly before this one, which reports compare with."""
        days = self.last - self.first
        last = self.first - timedelta(days=1)
        return Period(last - days, last, self.interval)

    def clip(self, first: date, last: date) -> "Period | None":
        """Return the part of this period from `first` to `last`, or None if it is empty."""
        begin, end = max(self.first, first), min(self.last, last)
        return Period(begin, end, self.interval) if begin <= end else None

    @property
    def days(self) -> int:
        """Number of days."""
        return (self.last - self.first).days + 1


def between(column: str, begin: datetime, end: datetime) -> dict[str, datetime]:
    """Return the filter arguments for rows with `begin` <= `column` < `end`."""
    return {f"{column}__gte": begin, f"{column}__lt": end}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())


def start_of_interval(day: date, interval: str) -> date:
    """Return the first day of the day, week, month or year that contains `day`."""
    if interval == "week":
        return day - timedelta(days=day.weekday())
    if interval == "month":
        return day.replace(day=1)
    return day.replace(month=1, day=1) if interval == "year" else day


def next_interval(begin: date, interval: str) -> date:
    """Return the first day of the day, week, month or year after the one that starts on `begin`."""
    if interval == "year":
        return begin.replace(year=begin.year + 1)
    if interval == "month":
        return (begin.replace(day=28) + timedelta(days=4)).replace(day=1)
    return begin + timedelta(days=7 if interval == "week" else 1)


def day_of(column: Any) -> Any:
    """Return the expression for the day of `column` in the site's time zone."""
    return TruncDay(column, output_field=DateField(), tzinfo=timezone.get_default_timezone())


def today() -> date:
    """Return the current date in the site's time zone."""
    return local_day(timezone.now())


def local_day(moment: datetime) -> date:
    """Return the date of `moment` in the site's time zone."""
    return timezone.localdate(moment, timezone=timezone.get_default_timezone())


def last_closed_day() -> date:
    """Return the last day for which no more rows are expected."""
    return local_day(timezone.now() - LATE_COMMIT_MARGIN) - timedelta(days=1)


def last_days(days: int = DEFAULT_DAYS, until: date | None = None) -> Period:
    """Return the period of the last `days` days that ends with `until`, by default today."""
    last = until or today()
    return Period(last - timedelta(days=days - 1), last)
