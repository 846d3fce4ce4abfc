"""Figures as the pages render them: tiles with a comparison, charts, and tables with bars."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analytics.course_reports import CourseSnapshot
from analytics.periods import Period
from core.charts import Chart, Share, build_time_chart
from core.text import money

MAX_DAYS_WITHOUT_YEAR = 300
DASH = "\N{EN DASH}"


@dataclass(frozen=True)
class Tile:
    """One figure, with its previous value: `change` as text, `trend` is "up", "down" or "same"."""

    label: str
    value: str
    change: str = ""
    trend: str = ""
    note: str = ""


def format_number(number: float) -> str:
    """Return a number with thousands separators, and at most one decimal."""
    return f"{number:,.0f}" if number == int(number) else f"{number:,.1f}"


def comparison_tile(label: str, value: int, before: int, format_value: Callable[[float], str] = format_number) -> Tile:
    """Return a tile that compares a figure with its value in the previous period."""
    if value == before:
        return Tile(label, format_value(value), _("no change"), "same")
    template = _("up from %s") if value > before else _("down from %s")
    return Tile(label, format_value(value), template % format_value(before), "up" if value > before else "down")


def amount_formatter(currency: str) -> Callable[[float], str]:
    """Return the function that formats amounts of a currency, in minor units."""

    def format_value(minor: float) -> str:
        return money.format_amount(round(minor), currency)

    return format_value


def learning_tiles(now: Mapping[str, int], before: Mapping[str, int]) -> list[Tile]:
    """Return the tiles of enrollments, active learners and completions."""
    labels = {"enrollments": _("New enrollments"), "active": _("Active learners"), "completions": _("Completions")}
    return [comparison_tile(label, now[name], before[name]) for name, label in labels.items()]


def money_tiles(now: Mapping[str, Mapping[str, int]], before: Mapping[str, Mapping[str, int]]) -> list[Tile]:
    """Return a tile of net revenue for each currency; amounts of two currencies are never added."""
    return [
        comparison_tile(
            _("Net revenue (%s)") % currency, sums["net"], before[currency]["net"], amount_formatter(currency)
        )
        for currency, sums in now.items()
    ]


def snapshot_tiles(snapshot: CourseSnapshot, rating: float | None) -> list[Tile]:
    """Return the tiles of a course snapshot."""
    return [
        Tile(_("Students"), format_number(snapshot.students)),
        Tile(_("Completion rate"), f"{snapshot.completion_rate:g}%", note=format_number(snapshot.completed)),
        Tile(_("Average progress"), f"{snapshot.average_progress:g}%"),
        Tile(_("Average grade"), DASH if snapshot.average_grade is None else f"{snapshot.average_grade:g}%"),
        Tile(_("Rating"), DASH if rating is None else _("%s of 5") % rating),
        Tile(
            _("Time to complete"),
            DASH if snapshot.average_days is None else _("%s days") % f"{snapshot.average_days:g}",
            note=_("on average") if snapshot.average_days is not None else "",
        ),
    ]


def build_chart(
    title: str,
    period: Period,
    values: Mapping[date, float],
    before: Mapping[date, float] | None = None,
    format_value: Callable[[float], str] = format_number,
) -> Chart:
    """Return the chart of one figure over a period, with the previous period behind it."""
    dates = list(period.dates())
    amounts = [values.get(day, 0) for day in dates]
    earlier = period.previous()
    past = [before.get(day, 0) for day in earlier.dates()] if before is not None else []
    labels = [interval_label(day, period) for day in dates]
    highest = max(range(len(amounts)), key=amounts.__getitem__)
    summary = _("%(title)s, %(first)s to %(last)s. Highest: %(most)s on %(when)s.") % {
        "title": title,
        "first": labels[0],
        "last": labels[-1],
        "most": format_value(amounts[highest]),
        "when": labels[highest],
    }
    intervals = {"day": _("Day"), "week": _("Week from"), "month": _("Month")}
    headers = (intervals[period.interval], title, _("Previous period"))
    return build_time_chart(
        title=title,
        summary=summary,
        headers=headers,
        labels=labels,
        values=amounts,
        before=past,
        format_value=format_value,
    )


def interval_label(day: date, period: Period) -> str:
    """Return the label of an interval: its month, or its first day."""
    if period.interval == "month":
        return date_format(day, "M Y")
    return date_format(day, "j M Y" if period.days > MAX_DAYS_WITHOUT_YEAR else "j M")


def funnel_shares(snapshot: CourseSnapshot) -> tuple[list[Share], str]:
    """Return completions by lesson, and a sentence on the lesson with the largest drop, which is marked."""
    steps = snapshot.funnel
    falls = [0, *(before["completed"] - after["completed"] for before, after in pairwise(steps))]
    worst = max(range(len(steps)), key=falls.__getitem__, default=0)
    if not steps or falls[worst] <= 0:
        worst = -1
    shares = [
        Share(
            label=f"{at + 1}. {step['title']}",
            percent=step["percent"],
            value=f"{format_number(step['completed'])} · {step['percent']:.0f}%",
            note=_("%s fewer than the lesson before") % format_number(falls[at]) if at == worst else "",
            is_marked=at == worst,
        )
        for at, step in enumerate(steps)
    ]
    return shares, _("Most students stop before “%s”.") % steps[worst]["title"] if worst > 0 else ""


def work_shares(snapshot: CourseSnapshot) -> list[Share]:
    """Return the average results of quizzes and assignments."""
    return [
        Share(
            label=row["title"],
            percent=row["average"] or 0,
            value=DASH if row["average"] is None else f"{row['average']:g}%",
            note=ngettext("%(n)s graded", "%(n)s graded", row["graded"]) % {"n": format_number(row["graded"])},
        )
        for row in snapshot.work
    ]


def duration_shares(snapshot: CourseSnapshot) -> list[Share]:
    """Return the number of completions by time taken; empty without completions."""
    highest = max((row["completions"] for row in snapshot.durations), default=0)
    return (
        [
            Share(
                label=_limit_label(row["days"]),
                percent=100 * row["completions"] / highest if highest else 0,
                value=format_number(row["completions"]),
            )
            for row in snapshot.durations
        ]
        if highest
        else []
    )


def _limit_label(days: int | None) -> str:
    if days is None:
        return _("Longer")
    return ngettext("Within %(n)d day", "Within %(n)d days", days) % {"n": days}


def net_by_day(series: Mapping[str, Mapping[date, int]]) -> dict[date, int]:
    """Return gross less refunds by day."""
    days: Sequence[date] = [*series["gross"], *series["refunds"]]
    return {day: series["gross"].get(day, 0) - series["refunds"].get(day, 0) for day in days}


def query_params(period: Period) -> dict[str, Any]:
    """Return the query parameters of the period, for the pages and the API."""
    return {"date_from": period.first.isoformat(), "date_to": period.last.isoformat(), "interval": period.interval}


def format_day(moment: datetime) -> str:
    """Return the date of `moment` in the reader's time zone."""
    return date_format(timezone.localtime(moment), "j M Y")
