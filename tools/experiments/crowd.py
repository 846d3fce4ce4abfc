"""Concurrent HTTP requests from many clients."""

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
    """Responses to a crowd of clients: counts by status, and latencies in milliseconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    waits_ms: list[float] = field(default_factory=list)

    @property
    def failures(self) -> int:
        """Number of responses with a status of 500 or above."""
        return sum(count for status, count in self.statuses.items() if status >= 500)

    @property
    def p95_ms(self) -> int:
        """95th percentile of the latencies."""
        ordered = sorted(self.waits_ms)
        return round(ordered[int(len(ordered) * 0.95) - 1]) if ordered else 0

    def add(self, other: "Answers") -> None:
        """Add the responses of another round."""
        self.statuses += other.statuses
        self.waits_ms += other.waits_ms


def send_concurrently(times: int, send: Callable[[httpx.Client, int], httpx.Response]) -> Answers:
    """Call `send(client, number)` in `times` threads that start at a barrier, each with its own connection."""
    barrier = threading.Barrier(times)
    answers = Answers()

    def run(number: int) -> tuple[int, float]:
        with httpx.Client(timeout=TIMEOUT_SECONDS) as client:
            barrier.wait(timeout=TIMEOUT_SECONDS)
            started = time.perf_counter()
            status = send(client, number).status_code
            return status, (time.perf_counter() - started) * 1000

    with ThreadPoolExecutor(times) as pool:
        for status, wait in pool.map(run, range(times)):
            answers.statuses[status] += 1
            answers.waits_ms.append(wait)
    return answers
