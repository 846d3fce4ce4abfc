"""Measured figures with their floors and goals."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One line of docs/benchmarks.md.

    `value` must be at least `floor` or `goal` if `more_is_better`, and at most that otherwise.
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
        """Whether the value reaches the floor; always true without a floor."""
        return self.floor is None or self._reaches(self.floor)

    @property
    def verdict(self) -> str:
        """The word goal, floor or below; an empty string without a floor."""
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

Measured on two cores that run the server, PostgreSQL and the load generator, so compare the ratios, not the seconds.
Each rate is measured between two runs of a yardstick (`tools/bench/yard/`, a minimal Django project that does similar
work); a measurement is dropped if the two runs differ by more than a fifth. Pages and API are served by gunicorn with
two workers and production settings, logins as in the image with four workers of four threads. Statement counts are
exact and asserted in tests as well. `make bench` writes this page.

| # | What | Measured | Floor / goal | | Notes |
| --- | --- | --- | --- | --- | --- |
"""


def report(figure: Figure, before: str) -> str:
    """Return the page `before` with this figure added; it replaces an earlier line of the same figure."""
    lines = [line for line in before.removeprefix(HEAD).splitlines() if line.startswith("| ")]
    by_key = {_key(line): line for line in lines}
    by_key[_key(figure.line())] = figure.line()
    ordered = sorted(by_key, key=lambda key: (key[0].rstrip("0123456789"), int("0" + re.sub(r"\D", "", key[0]))))
    return HEAD + "\n".join(by_key[key] for key in ordered) + "\n"


def _key(line: str) -> tuple[str, str]:
    """Return the id of the row and the name of the figure."""
    _start, row, what, *_rest = line.split("|")
    return row.strip(), what.strip()
