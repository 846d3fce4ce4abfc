"""Date ranges of reports: one set of rules for the API and the pages."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.periods import MAX_DAYS, Period, last_days

# Without a requested interval, a page selects one with a readable number of points.
DEFAULT_MAX_DAYS_BY_DAY, DEFAULT_MAX_DAYS_BY_WEEK = 62, 400
# More points are unreadable: a page uses a longer interval than the requested one. The API does not.
MAX_DAYS_BY_DAY, MAX_DAYS_BY_WEEK = 190, 3 * 366
# Dates beyond these are typing errors, and close to the limits of `date`.
EARLIEST_YEAR, LATEST_YEAR = 1970, 9000


def range_error(first: date | None, last: date | None) -> str | None:
    """Return the error text of an invalid date range, or None (quality row N02)."""
    if first and last and first > last:
        return _("The start date must not be after the end date.")
    if first and ((last or last_days().last) - first).days > MAX_DAYS:
        return _("The range must not exceed 20 years.")
    if min(day.year for day in (first, last, date.max) if day) < EARLIEST_YEAR:
        return _("Dates before 1970 are not supported.")
    if last and last.year > LATEST_YEAR:
        return _("The end date is too far in the future.")
    return None


def period_from_dates(first: date | None, last: date | None, interval: str) -> Period | None:
    """Return the period of two dates: 30 days if only one is given, None without any."""
    if first is None and last is None:
        return None
    last = last or max(last_days().last, first or date.min)
    return Period(first or last_days(until=last).first, last, interval)


class RangeForm(forms.Form):
    """Form of a page's date range and interval."""

    date_from = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    date_to = forms.DateField(
        label=gettext_lazy("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    interval = forms.ChoiceField(
        label=gettext_lazy("Interval"),
        required=False,
        choices=[("day", gettext_lazy("Day")), ("week", gettext_lazy("Week")), ("month", gettext_lazy("Month"))],
    )

    def clean(self) -> dict[str, Any]:
        """Reject an invalid date range."""
        cleaned = super().clean() or {}
        error = range_error(cleaned.get("date_from"), cleaned.get("date_to"))
        if error:
            self.add_error("date_from", error)
        return cleaned

    def period(self) -> Period:
        """Return the requested period, or the last 30 days if the form is empty or invalid."""
        if not self.is_valid():
            return last_days()
        requested = self.cleaned_data
        days = period_from_dates(requested["date_from"], requested["date_to"], "day") or last_days()
        return Period(days.first, days.last, _fitting_interval(days.days, requested["interval"]))


def _fitting_interval(days: int, requested: str) -> str:
    """Return an interval that divides `days` into a readable number of points."""
    max_days, max_days_by_week = (
        (MAX_DAYS_BY_DAY, MAX_DAYS_BY_WEEK) if requested else (DEFAULT_MAX_DAYS_BY_DAY, DEFAULT_MAX_DAYS_BY_WEEK)
    )
    if requested == "month" or days > max_days_by_week:
        return "month"
    return "week" if requested == "week" or days > max_days else "day"
