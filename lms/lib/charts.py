"""The geometry of charts: numbers in, coordinates out; `templates/components/chart.html` draws them as SVG.

Written here, because chart libraries that make SVG (pygal, Matplotlib) put a style sheet or style attributes into it,
which the Content-Security-Policy refuses, and colours that know nothing of the site's tokens or of dark. What is left
to do is this little arithmetic. The plot is a grid of WIDTH by HEIGHT that the page stretches; words stand beside it as
HTML, so that they stay readable on a phone.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

WIDTH = 1000
HEIGHT = 240
MOST_BARS = 62  # more than that are drawn as one area
GAP = 0.28  # of a bar's place
STEPS = (2, 4, 6, 10)  # their halves are round, too
MOST_WORDS = 5  # below the plot


@dataclass(frozen=True)
class Bar:
    """One bar: where it stands, and what it says."""

    x: str
    y: str
    width: str
    height: str
    says: str


@dataclass(frozen=True)
class Chart:
    """Everything that the component draws."""

    title: str
    summary: str
    bars: list[Bar] = field(default_factory=list)
    area: str = ""
    line: str = ""
    before: str = ""
    grid: list[str] = field(default_factory=list)
    ticks: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    is_empty: bool = False


def over_time(
    *,
    title: str,
    summary: str,
    heads: tuple[str, str, str],
    labels: Sequence[str],
    values: Sequence[float],
    before: Sequence[float] = (),
    written: Callable[[float], str] = str,
) -> Chart:
    """Return a chart of values in the order of time, with those of the time before as a line behind.

    `heads` name the columns of its table: the time, the value, the value before. Values may be below zero.
    """
    top, bottom = _limits([*values, *before])
    plot = _Plot(top, bottom, len(values))
    few = len(values) <= MOST_BARS
    says = [f"{label}: {written(value)}" for label, value in zip(labels, values, strict=True)]
    past = list(before)[: len(values)]
    columns = [labels, [written(value) for value in values], [written(value) for value in past]]
    return Chart(
        title=title,
        summary=summary,
        bars=[plot.bar(at, value, says[at]) for at, value in enumerate(values)] if few else [],
        area="" if few else plot.area(values),
        line="" if few else plot.path(values),
        before=plot.path(past) if past else "",
        grid=[plot.height_of(tick) for tick in plot.tick_values()],
        ticks=[written(tick) for tick in plot.tick_values()],
        words=_words(labels),
        head=list(heads) if past else list(heads[:2]),
        rows=[list(row) for row in zip(*columns[: 3 if past else 2], strict=False)],
        is_empty=not any(values) and not any(past),
    )


class _Plot:
    """Turns values into coordinates of the grid."""

    def __init__(self, top: float, bottom: float, places: int) -> None:
        self.top, self.bottom, self.places = top, bottom, max(1, places)

    def tick_values(self) -> list[float]:
        """Return the values of the lines, from the top: the limits, and what lies between them, which is zero where
        there is something below it."""
        middle = 0 if self.bottom and self.top else (self.top + self.bottom) / 2
        return [self.top, int(middle) if middle == int(middle) else middle, self.bottom]

    def y(self, value: float) -> float:
        return HEIGHT * (self.top - value) / (self.top - self.bottom)

    def x(self, at: int) -> float:
        return WIDTH * (at + 0.5) / self.places

    def height_of(self, value: float) -> str:
        return _number(self.y(value))

    def bar(self, at: int, value: float, says: str) -> Bar:
        place = WIDTH / self.places
        upper, lower = self.y(max(value, 0)), self.y(min(value, 0))
        return Bar(
            x=_number(at * place + place * GAP / 2),
            y=_number(upper),
            width=_number(place * (1 - GAP)),
            height=_number(lower - upper),
            says=says,
        )

    def path(self, values: Sequence[float]) -> str:
        return "M" + "L".join(f"{_number(self.x(at))} {_number(self.y(value))}" for at, value in enumerate(values))

    def area(self, values: Sequence[float]) -> str:
        zero = _number(self.y(0))
        return f"{self.path(values)}L{_number(self.x(len(values) - 1))} {zero}L{_number(self.x(0))} {zero}Z"


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """Return a round number that no value is above, and one that none is below, as far on the other side of zero."""
    highest, lowest = max([0, *values]), min([0, *values])
    step = _round_up(max(highest, -lowest))
    return (step if highest > 0 or lowest == 0 else 0), (-step if lowest < 0 else 0)


def _round_up(value: float) -> float:
    """Return the next of the steps times a power of ten, at least 2: what is counted has no halves."""
    if value <= STEPS[0]:
        return STEPS[0]
    power = 10 ** (math.ceil(math.log10(value)) - 1)
    return next(step * power for step in STEPS if step * power >= value)


def _words(labels: Sequence[str]) -> list[str]:
    """Return the labels that fit below the plot: the first, the last, and some evenly between."""
    if len(labels) <= MOST_WORDS:
        return list(labels)
    last = len(labels) - 1
    return [labels[round(last * number / (MOST_WORDS - 1))] for number in range(MOST_WORDS)]


def _number(value: float) -> str:
    """Return a coordinate, as SVG writes it in every language."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


@dataclass(frozen=True)
class Share:
    """One row of a table that is its own chart: a label, a bar of so many percent, and what stands beside it."""

    label: str
    percent: float
    value: str
    note: str = ""
    is_marked: bool = False

    @property
    def width(self) -> str:
        """The length of the bar on a grid of 100."""
        return _number(min(100, max(0, self.percent)))
