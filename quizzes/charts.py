"""The score distribution, as bars that a template draws. No queries."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

BINS = 10
HEIGHT = 100  # of the SVG drawing, which scales to its box


@dataclass(frozen=True)
class Bar:
    """A bar: `start` of its range of scores in percent, its `count`, and its position from the top."""

    start: int
    label: str
    count: int
    y: float
    height: float


def histogram(scores: Sequence[int]) -> list[Bar]:
    """Return ten bars for scores in percent; the last one counts 90 to 100."""
    counts = [0] * BINS
    for score in scores:
        counts[min(score * BINS // 100, BINS - 1)] += 1
    heights = [HEIGHT * count / max([*counts, 1]) for count in counts]
    last = BINS - 1
    return [
        Bar(
            start=place * 10,
            label=_("%(first)d to %(last)d %%")
            % {"first": place * 10, "last": 100 if place == last else place * 10 + 9},
            count=count,
            y=HEIGHT - height,
            height=height,
        )
        for place, (count, height) in enumerate(zip(counts, heights, strict=True))
    ]
