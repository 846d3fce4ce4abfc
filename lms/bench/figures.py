"""What was measured, next to what was asked for."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of docs/benchmarks.md.

    `value` is compared with `floor` and `goal`: at least those where more is better, at most where less is.
    """

    row: str
    what: str
    value: float
    unit: str
    floor: float | None = None
    goal: float | None = None
    more_is_better: bool = True
    notes: str = ""

    @property
    def holds(self) -> bool:
        """Whether the floor holds; a figure without one always does."""
        return self.floor is None or self._reaches(self.floor)

    @property
    def verdict(self) -> str:
        """ "goal", "floor", "below", or nothing without a bar."""
        if self.floor is None:
            return ""
        if self.goal is not None and self._reaches(self.goal):
            return "goal"
        return "floor" if self.holds else "below"

    def _reaches(self, bar: float) -> bool:
        return self.value >= bar if self.more_is_better else self.value <= bar

    def line(self) -> str:
        """Return the figure as a line of a Markdown table."""
        bars = " / ".join("none" if bar is None else f"{bar:g}" for bar in (self.floor, self.goal))
        return f"| {self.row} | {self.what} | {self.value:.4g} {self.unit} | {bars} | {self.verdict} | {self.notes} |"


HEAD = """# Benchmarks

Two cores, with the server, PostgreSQL and the load on the same machine, so read the ratios, not the seconds. Each rate
is measured between two runs of a yardstick (`lms/bench/yard/`, a Django project that does a like piece of work and
nothing else); a run whose two brackets differ by more than a fifth is dropped. Pages and API are served by gunicorn
with two workers, with production settings; logins as the image serves them, with four workers of four threads. Counts
of statements are exact, and stand in tests as well. `make bench` writes this page.

| # | What | Measured | Floor / goal | | Notes |
| --- | --- | --- | --- | --- | --- |
"""


def report(figure: Figure, before: str) -> str:
    """Return the page as it was `before` with this figure added, or in the place of what it said of the same."""
    lines = [line for line in before.removeprefix(HEAD).splitlines() if line.startswith("| ")]
    kept = {_names(line): line for line in lines}
    kept[_names(figure.line())] = figure.line()
    ordered = sorted(kept, key=lambda names: (names[0].rstrip("0123456789"), int("0" + re.sub(r"\D", "", names[0]))))
    return HEAD + "\n".join(kept[names] for names in ordered) + "\n"


def _names(line: str) -> tuple[str, str]:
    """Return the row's id and what was measured."""
    _edge, row, what, *_rest = line.split("|")
    return row.strip(), what.strip()
