"""Many clients that ask at the same moment."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

TIMEOUT_SECONDS = 60


@dataclass
class Answers:
    """What a crowd got: how many of each status, and how long each waited, in milliseconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    waits_ms: list[float] = field(default_factory=list)

    @property
    def failures(self) -> int:
        """How many answers were the server's fault."""
        return sum(count for status, count in self.statuses.items() if status >= 500)

    @property
    def p95_ms(self) -> int:
        """How long all but the slowest twentieth waited at most."""
        ordered = sorted(self.waits_ms)
        return round(ordered[int(len(ordered) * 0.95) - 1]) if ordered else 0

    def add(self, other: "Answers") -> None:
        """Add another round's answers to these."""
        self.statuses += other.statuses
        self.waits_ms += other.waits_ms


def all_at_once(times: int, ask: Callable[[httpx.Client, int], httpx.Response]) -> Answers:
    """Let `times` clients call `ask(client, number)` from a standing start, each on a connection of its own."""
    barrier = threading.Barrier(times)
    answers = Answers()

    def run(number: int) -> tuple[int, float]:
        with httpx.Client(timeout=TIMEOUT_SECONDS) as client:
            barrier.wait(timeout=TIMEOUT_SECONDS)
            started = time.perf_counter()
            status = ask(client, number).status_code
            return status, (time.perf_counter() - started) * 1000

    with ThreadPoolExecutor(times) as pool:
        for status, wait in pool.map(run, range(times)):
            answers.statuses[status] += 1
            answers.waits_ms.append(wait)
    return answers
