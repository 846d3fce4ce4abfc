"""Geometry of charts: computes the coordinates that `templates/components/chart.html` draws as SVG.

Chart libraries that generate SVG (pygal, Matplotlib) add style sheets or style attributes, which the
Content-Security-Policy blocks, and colors that ignore the site's tokens and the dark theme. The plot is a grid of WIDTH
by HEIGHT that the page stretches; labels are HTML outside the SVG, so that they stay readable on a phone.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

WIDTH = 1000
HEIGHT = 240
MAX_BARS = 62  # more values are drawn as an area
GAP = 0.28  # share of the width of a bar's slot
STEPS = (2, 4, 6, 10)  # half of each is an integer, too
MAX_AXIS_LABELS = 5


@dataclass(frozen=True)
class Bar:
    """Coordinates and label of one bar."""

    x: str
    y: str
    width: str
    height: str
    label: str


@dataclass(frozen=True)
class Chart:
    """Data of the chart component: SVG coordinates, axis labels, and the equivalent table."""

    title: str
    summary: str
    bars: list[Bar] = field(default_factory=list)
    area: str = ""
    line: str = ""
    before: str = ""
    grid: list[str] = field(default_factory=list)
    ticks: list[str] = field(default_factory=list)
    axis_labels: list[str] = field(default_factory=list)
    headers: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    is_empty: bool = False


def build_time_chart(
    *,
    title: str,
    summary: str,
    headers: tuple[str, str, str],
    labels: Sequence[str],
    values: Sequence[float],
    before: Sequence[float] = (),
    format_value: Callable[[float], str] = str,
) -> Chart:
    """Return a chart of values over time, with the values of the previous period as a line.

    `headers` are the column names of its table: time, value, previous value. Values may be negative.
    """
    top, bottom = _limits([*values, *before])
    plot = _Plot(top, bottom, len(values))
    few = len(values) <= MAX_BARS
    bar_labels = [f"{label}: {format_value(value)}" for label, value in zip(labels, values, strict=True)]
    past = list(before)[: len(values)]
    columns = [labels, [format_value(value) for value in values], [format_value(value) for value in past]]
    return Chart(
        title=title,
        summary=summary,
        bars=[plot.bar(at, value, bar_labels[at]) for at, value in enumerate(values)] if few else [],
        area="" if few else plot.area(values),
        line="" if few else plot.path(values),
        before=plot.path(past) if past else "",
        grid=[plot.format_y(tick) for tick in plot.tick_values()],
        ticks=[format_value(tick) for tick in plot.tick_values()],
        axis_labels=_select_axis_labels(labels),
        headers=list(headers) if past else list(headers[:2]),
        rows=[list(row) for row in zip(*columns[: 3 if past else 2], strict=False)],
        is_empty=not any(values) and not any(past),
    )


class _Plot:
    """Conversion of values to coordinates of the grid."""

    def __init__(self, top: float, bottom: float, places: int) -> None:
        self.top, self.bottom, self.places = top, bottom, max(1, places)

    def tick_values(self) -> list[float]:
        """Return the values of the grid lines from the top: the upper limit, the middle or zero, the lower limit."""
        middle = 0 if self.bottom and self.top else (self.top + self.bottom) / 2
        return [self.top, int(middle) if middle == int(middle) else middle, self.bottom]

    def y(self, value: float) -> float:
        return HEIGHT * (self.top - value) / (self.top - self.bottom)

    def x(self, at: int) -> float:
        return WIDTH * (at + 0.5) / self.places

    def format_y(self, value: float) -> str:
        return _format_number(self.y(value))

    def bar(self, at: int, value: float, label: str) -> Bar:
        slot = WIDTH / self.places
        upper, lower = self.y(max(value, 0)), self.y(min(value, 0))
        return Bar(
            x=_format_number(at * slot + slot * GAP / 2),
            y=_format_number(upper),
            width=_format_number(slot * (1 - GAP)),
            height=_format_number(lower - upper),
            label=label,
        )

    def path(self, values: Sequence[float]) -> str:
        return "M" + "L".join(
            f"{_format_number(self.x(at))} {_format_number(self.y(value))}" for at, value in enumerate(values)
        )

    def area(self, values: Sequence[float]) -> str:
        zero = _format_number(self.y(0))
        return (
            f"{self.path(values)}L{_format_number(self.x(len(values) - 1))} {zero}L{_format_number(self.x(0))} {zero}Z"
        )


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """Return the upper and lower limit of the axis: round numbers that enclose all values and zero."""
    highest, lowest = max([0, *values]), min([0, *values])
    step = _round_up(max(highest, -lowest))
    return (step if highest > 0 or lowest == 0 else 0), (-step if lowest < 0 else 0)


def _round_up(value: float) -> float:
    """Return the next of `STEPS` times a power of ten, at least 2, so that half of it is an integer."""
    if value <= STEPS[0]:
        return STEPS[0]
    power = 10 ** (math.ceil(math.log10(value)) - 1)
    return next(step * power for step in STEPS if step * power >= value)


def _select_axis_labels(labels: Sequence[str]) -> list[str]:
    """Return up to `MAX_AXIS_LABELS` labels, evenly spaced, including the first and the last."""
    if len(labels) <= MAX_AXIS_LABELS:
        return list(labels)
    last = len(labels) - 1
    return [labels[round(last * number / (MAX_AXIS_LABELS - 1))] for number in range(MAX_AXIS_LABELS)]


def _format_number(value: float) -> str:
    """Return a coordinate in the number format of SVG, independent of the active language."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Share:
    """Row of a bar table: a label, a bar of `percent`, and the texts next to it."""

    label: str
    percent: float
    value: str
    note: str = ""
    is_marked: bool = False

    @property
    def width(self) -> str:
        """The length of the bar in percent, limited to 0 to 100."""
        return _format_number(min(100, max(0, self.percent)))
