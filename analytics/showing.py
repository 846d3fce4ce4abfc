"""Figures as the pages show them: tiles with what was before, charts, tables with bars."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.course_reports import Standing
from analytics.periods import Period
from lms.lib import money
from lms.lib.charts import Chart, Share, over_time

MOST_WITHOUT_YEAR = 300
NONE = "\N{EN DASH}"


@dataclass(frozen=True)
class Tile:
    """One figure, with how it was before: `change` in words, `trend` "up", "down" or "same"."""

    label: str
    value: str
    change: str = ""
    trend: str = ""
    note: str = ""


def counted(number: float) -> str:
    """Return a number as people write it: with a mark between thousands."""
    return f"{number:,.0f}" if number == int(number) else f"{number:,.1f}"


def compared(label: str, value: int, before: int, written: Callable[[float], str] = counted) -> Tile:
    """Return a figure next to what it was in as many days before."""
    if value == before:
        return Tile(label, written(value), _("as before"), "same")
    said = _("up from %s") if value > before else _("down from %s")
    return Tile(label, written(value), said % written(before), "up" if value > before else "down")


def amounts_in(currency: str) -> Callable[[float], str]:
    """Return what writes amounts of a currency."""

    def written(minor: float) -> str:
        return money.formatted(round(minor), currency)

    return written


def learning_tiles(now: Mapping[str, int], before: Mapping[str, int]) -> list[Tile]:
    """Return what happened, next to the days before."""
    names = {"enrollments": _("New enrolments"), "active": _("Active learners"), "completions": _("Completions")}
    return [compared(label, now[name], before[name]) for name, label in names.items()]


def money_tiles(now: Mapping[str, Mapping[str, int]], before: Mapping[str, Mapping[str, int]]) -> list[Tile]:
    """Return the net revenue of each currency, which are never added up."""
    return [
        compared(_("Revenue, net, in %s") % currency, sums["net"], before[currency]["net"], amounts_in(currency))
        for currency, sums in now.items()
    ]


def standing_tiles(standing: Standing, rating: float | None) -> list[Tile]:
    """Return how the students of a course stand."""
    return [
        Tile(_("Students so far"), counted(standing.students)),
        Tile(_("Have completed it"), f"{standing.completion_rate:g}%", note=counted(standing.completed)),
        Tile(_("Average progress"), f"{standing.average_progress:g}%"),
        Tile(_("Average grade"), NONE if standing.average_grade is None else f"{standing.average_grade:g}%"),
        Tile(_("Rating"), NONE if rating is None else _("%s of 5") % rating),
        Tile(
            _("From enrolling to completing"),
            NONE if standing.average_days is None else _("%s days") % f"{standing.average_days:g}",
            note=_("on average") if standing.average_days is not None else "",
        ),
    ]


def chart_of(
    title: str,
    period: Period,
    values: Mapping[date, float],
    before: Mapping[date, float] | None = None,
    written: Callable[[float], str] = counted,
) -> Chart:
    """Return the chart of one figure over a period, with the period before behind it."""
    dates = list(period.dates())
    amounts = [values.get(day, 0) for day in dates]
    earlier = period.before()
    past = [before.get(day, 0) for day in earlier.dates()] if before is not None else []
    labels = [label_of(day, period) for day in dates]
    highest = max(range(len(amounts)), key=amounts.__getitem__)
    summary = _("%(title)s, %(first)s to %(last)s. The most, %(most)s, on %(when)s.") % {
        "title": title,
        "first": labels[0],
        "last": labels[-1],
        "most": written(amounts[highest]),
        "when": labels[highest],
    }
    intervals = {"day": _("Day"), "week": _("Week from"), "month": _("Month")}
    heads = (intervals[period.interval], title, _("Before"))
    return over_time(
        title=title, summary=summary, heads=heads, labels=labels, values=amounts, before=past, written=written
    )


def label_of(day: date, period: Period) -> str:
    """Return how an interval is called: by its month, or by its first day."""
    if period.interval == "month":
        return date_format(day, "M Y")
    return date_format(day, "j M Y" if period.days > MOST_WITHOUT_YEAR else "j M")


def funnel(standing: Standing) -> tuple[list[Share], str]:
    """Return how many completed each lesson, and a sentence on where most people stop: the largest fall is marked."""
    steps = standing.funnel
    falls = [0, *(before["completed"] - after["completed"] for before, after in pairwise(steps))]
    worst = max(range(len(steps)), key=falls.__getitem__, default=0)
    if not steps or falls[worst] <= 0:
        worst = -1
    shares = [
        Share(
            label=f"{at + 1}. {step['title']}",
            percent=step["percent"],
            value=f"{counted(step['completed'])} · {step['percent']:.0f}%",
            note=_("%s fewer than the lesson before") % counted(falls[at]) if at == worst else "",
            is_marked=at == worst,
        )
        for at, step in enumerate(steps)
    ]
    return shares, _("Most people stop before “%s”.") % steps[worst]["title"] if worst > 0 else ""


def results(standing: Standing) -> list[Share]:
    """Return how the quizzes and assignments came out."""
    return [
        Share(
            label=one["title"],
            percent=one["average"] or 0,
            value=NONE if one["average"] is None else f"{one['average']:g}%",
            note=ngettext("%(n)s graded", "%(n)s graded", one["graded"]) % {"n": counted(one["graded"])},
        )
        for one in standing.work
    ]


def durations(standing: Standing) -> list[Share]:
    """Return how many completed the course within how many days."""
    most = max((one["completions"] for one in standing.took), default=0)
    return (
        [
            Share(
                label=_within(one["days"]),
                percent=100 * one["completions"] / most if most else 0,
                value=counted(one["completions"]),
            )
            for one in standing.took
        ]
        if most
        else []
    )


def _within(days: int | None) -> str:
    if days is None:
        return _("Longer")
    return ngettext("Within %(n)d day", "Within %(n)d days", days) % {"n": days}


def net(series: Mapping[str, Mapping[date, int]]) -> dict[date, int]:
    """Return gross less refunds, by day."""
    days: Sequence[date] = [*series["gross"], *series["refunds"]]
    return {day: series["gross"].get(day, 0) - series["refunds"].get(day, 0) for day in days}


def queries(period: Period) -> dict[str, Any]:
    """Return the query of the API's reports on the same days."""
    return {"date_from": period.first.isoformat(), "date_to": period.last.isoformat(), "interval": period.interval}


def day_of(moment: datetime) -> str:
    """Return the day of a moment, where the reader is."""
    return date_format(timezone.localtime(moment), "j M Y")
