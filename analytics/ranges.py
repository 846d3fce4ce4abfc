"""Which days a report is asked about: one rule for the API and the pages."""

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.periods import LONGEST_DAYS, Period, last_days

# As many points make a picture: where no interval is asked for, the page takes one that fits.
USUAL_DAYS, USUAL_WEEKS_DAYS = 62, 400
# More than this are none: the page takes a longer interval, whatever is asked for. The API does as it is told.
MOST_DAYS, MOST_WEEKS_DAYS = 190, 3 * 366
# Days beyond these are slips of the pen, and near where dates themselves end.
EARLIEST_YEAR, LATEST_YEAR = 1970, 9000


def what_is_wrong(first: date | None, last: date | None) -> str | None:
    """Return why these days make no sense, in a sentence; None where they do (QUALITY N02)."""
    if first and last and first > last:
        return _("The first day lies after the last one.")
    if first and ((last or last_days().last) - first).days > LONGEST_DAYS:
        return _("Ask for 20 years at most.")
    if min(day.year for day in (first, last, date.max) if day) < EARLIEST_YEAR:
        return _("There is nothing from so long ago.")
    if last and last.year > LATEST_YEAR:
        return _("There is nothing from so far ahead.")
    return None


def named_period(first: date | None, last: date | None, interval: str) -> Period | None:
    """Return the days, 30 of them where only one end is named, None where no end is."""
    if first is None and last is None:
        return None
    last = last or max(last_days().last, first or date.min)
    return Period(first or last_days(until=last).first, last, interval)


class RangeForm(forms.Form):
    """The days of a page's report, and how they are cut."""

    date_from = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    date_to = forms.DateField(
        label=gettext_lazy("To"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    interval = forms.ChoiceField(
        label=gettext_lazy("By"),
        required=False,
        choices=[("day", gettext_lazy("Day")), ("week", gettext_lazy("Week")), ("month", gettext_lazy("Month"))],
    )

    def clean(self) -> dict[str, Any]:
        """Refuse days that make no sense."""
        cleaned = super().clean() or {}
        wrong = what_is_wrong(cleaned.get("date_from"), cleaned.get("date_to"))
        if wrong:
            self.add_error("date_from", wrong)
        return cleaned

    def period(self) -> Period:
        """Return the days that were asked for; the last 30 where they make no sense, or none are named."""
        if not self.is_valid():
            return last_days()
        asked = self.cleaned_data
        days = named_period(asked["date_from"], asked["date_to"], "day") or last_days()
        return Period(days.first, days.last, _fitting(days.days, asked["interval"]))


def _fitting(days: int, asked: str) -> str:
    """Return an interval that makes a picture of so many days."""
    most_days, most_weeks_days = (MOST_DAYS, MOST_WEEKS_DAYS) if asked else (USUAL_DAYS, USUAL_WEEKS_DAYS)
    if asked == "month" or days > most_weeks_days:
        return "month"
    return "week" if asked == "week" or days > most_days else "day"
