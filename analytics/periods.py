"""Days in the site's time zone, and how a report cuts them (API.md, "Analytics, admin, instructors")."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import DateField
from django.db.models.functions import TruncDay, TruncMonth, TruncWeek
from django.utils import timezone

INTERVALS = {"day": TruncDay, "week": TruncWeek, "month": TruncMonth}
LONGEST_DAYS = 20 * 366
USUAL_DAYS = 30


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
        return {f"{column}__gte": self.begins_at, f"{column}__lt": self.ends_at}

    def cut(self, column: str) -> Any:
        """Return the expression that names the interval in which `column` lies, by its first day."""
        return INTERVALS[self.interval](column, output_field=DateField(), tzinfo=timezone.get_default_timezone())

    def dates(self) -> Iterator[date]:
        """Yield the first day of every interval that these days touch, in order."""
        day = self.first
        if self.interval == "week":
            day -= timedelta(days=day.weekday())
        elif self.interval == "month":
            day = day.replace(day=1)
        while day <= self.last:
            yield day
            day = _next_month(day) if self.interval == "month" else day + _STEP[self.interval]

    def before(self) -> "Period":
        """Return as many days, just before these: what a report compares itself with."""
        days = self.last - self.first
        last = self.first - timedelta(days=1)
        return Period(last - days, last, self.interval)


_STEP = {"day": timedelta(days=1), "week": timedelta(days=7)}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=timezone.get_default_timezone())


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def today() -> date:
    """Return the day that it is where the site is."""
    return timezone.localdate(timezone=timezone.get_default_timezone())


def last_days(days: int = USUAL_DAYS, until: date | None = None) -> Period:
    """Return the last days, with today, or with the day `until`."""
    last = until or today()
    return Period(last - timedelta(days=days - 1), last)
