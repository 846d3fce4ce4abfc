"""Request rates measured by wrk, and their ratio to a yardstick measured before and after."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("report.lua")
TURNS = Path(__file__).with_name("turns.lua")
CONNECTIONS = 16
SECONDS = 8
WARM_SECONDS = 2
MAX_DRIFT = 0.20  # between both runs of the yardstick; above it the machine was busy otherwise
TRIES = 4


class LoadError(RuntimeError):
    """The target returned errors, or the machine was too busy for a measurement."""


@dataclass(frozen=True)
class Target:
    """An address with request headers, or a file of requests to send in rotation (turns.lua)."""

    url: str
    headers: dict[str, str]
    requests: Path | None = None


@dataclass(frozen=True)
class Rate:
    """Requests per second, and the 95th percentile of the latency in milliseconds."""

    per_second: float
    p95_ms: float


@dataclass(frozen=True)
class Pair:
    """A measured rate and the rate of its yardstick, the mean of one run before and one after."""

    ours: Rate
    yardstick: Rate

    @property
    def ratio(self) -> float:
        """The measured rate divided by the rate of the yardstick."""
        return self.ours.per_second / self.yardstick.per_second


def measure_rate(target: Target, seconds: int = SECONDS) -> Rate:
    """Measure a target after a short warm-up; raise LoadError for error responses or no response."""
    _run_wrk(target, WARM_SECONDS)
    found = _run_wrk(target, seconds)
    if not found["requests"]:
        raise LoadError(f"{target.url}: no response within {seconds} s")
    if found["errors"]:
        raise LoadError(f"{target.url}: {found['errors']} of {found['requests']} responses were errors")
    return Rate(found["requests"] / found["seconds"], found["p95_ms"])


def _run_wrk(target: Target, seconds: int) -> dict[str, float]:
    """Run wrk once; return its results."""
    headers = [part for name, value in target.headers.items() for part in ("-H", f"{name}: {value}")]
    script = TURNS if target.requests else SCRIPT
    command = [
        "wrk", "-t2", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "20s", "-s", str(script), *headers, target.url,
        *(["--", str(target.requests)] if target.requests else []),
    ]  # fmt: skip
    answer = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # a constant command
    found: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def measure_pair(ours: Target, yardstick: Target) -> Pair:
    """Measure the yardstick, the target, and the yardstick again; return the rates.

    Repeats all three if the yardstick's rates differ by more than a fifth; raises LoadError after four tries.
    """
    for _try in range(TRIES):
        before = measure_rate(yardstick)
        found = measure_rate(ours)
        after = measure_rate(yardstick)
        if abs(before.per_second - after.per_second) <= MAX_DRIFT * max(before.per_second, after.per_second):
            mean = (before.per_second + after.per_second) / 2
            return Pair(found, Rate(mean, (before.p95_ms + after.p95_ms) / 2))
    raise LoadError(f"{ours.url}: the yardstick moved by more than {MAX_DRIFT:.0%}, {TRIES} times")
