"""Loads an address with wrk, and brackets what it measures with a yardstick."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("report.lua")
TURNS = Path(__file__).with_name("turns.lua")
CONNECTIONS = 16
SECONDS = 8
WARM_SECONDS = 2
MOST_DRIFT = 0.20  # between the two brackets; beyond it the machine was doing something else
TRIES = 4


class LoadError(RuntimeError):
    """What was loaded did not answer as it must, or the machine was too busy to measure anything."""


@dataclass(frozen=True)
class Target:
    """An address, and the headers that it is asked with; or a file of requests that take turns (turns.lua)."""

    url: str
    headers: dict[str, str]
    requests: Path | None = None


@dataclass(frozen=True)
class Rate:
    """Requests a second, and the wait of all but the slowest twentieth in milliseconds."""

    per_second: float
    p95_ms: float


@dataclass(frozen=True)
class Pair:
    """What was measured, and its yardstick: the mean of one run before and one after."""

    ours: Rate
    yardstick: Rate

    @property
    def ratio(self) -> float:
        """Our rate over the yardstick's."""
        return self.ours.per_second / self.yardstick.per_second


def rate_of(target: Target, seconds: int = SECONDS) -> Rate:
    """Load a target after a short warm-up; return its rate. Raises LoadError for an error as an answer, or none."""
    _wrk(target, WARM_SECONDS)
    found = _wrk(target, seconds)
    if not found["requests"]:
        raise LoadError(f"{target.url}: nothing was answered within {seconds} s")
    if found["errors"]:
        raise LoadError(f"{target.url}: {found['errors']} of {found['requests']} answers were errors")
    return Rate(found["requests"] / found["seconds"], found["p95_ms"])


def _wrk(target: Target, seconds: int) -> dict[str, float]:
    """Return what one run of wrk found."""
    headers = [part for name, value in target.headers.items() for part in ("-H", f"{name}: {value}")]
    script = TURNS if target.requests else SCRIPT
    command = [
        "wrk", "-t2", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "20s", "-s", str(script), *headers, target.url,
        *(["--", str(target.requests)] if target.requests else []),
    ]  # fmt: skip
    answer = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # our own command
    found: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def bracketed(ours: Target, yardstick: Target) -> Pair:
    """Measure the yardstick, the target, and the yardstick again; return the pair.

    Drops the three when the brackets differ by more than a fifth, and tries again; raises LoadError after four times.
    """
    for _try in range(TRIES):
        before = rate_of(yardstick)
        found = rate_of(ours)
        after = rate_of(yardstick)
        if abs(before.per_second - after.per_second) <= MOST_DRIFT * max(before.per_second, after.per_second):
            mean = (before.per_second + after.per_second) / 2
            return Pair(found, Rate(mean, (before.p95_ms + after.p95_ms) / 2))
    raise LoadError(f"{ours.url}: the yardstick moved by more than {MOST_DRIFT:.0%}, {TRIES} times")
