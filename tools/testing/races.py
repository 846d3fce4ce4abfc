"""Concurrent calls for race tests."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connections

T = TypeVar("T")

# How often a control without its lock may retry to break the invariant; most break in the first round.
MAX_ROUNDS = 20


def run_concurrently(times: int, act: Callable[[int], T]) -> list[T | Exception]:
    """Run `act(0)` … `act(times - 1)` in threads that start at a barrier; return what each returned or raised.

    Each thread closes its database connections.
    """
    barrier = threading.Barrier(times)

    def run(number: int) -> T | Exception:
        try:
            barrier.wait(timeout=30)
            return act(number)
        except Exception as error:  # returned to the test, which counts the outcomes
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def count_outcomes(outcomes: list[Any]) -> dict[str, int]:
    """Return the number of outcomes by status code, error code or class name."""
    counts: dict[str, int] = {}
    for outcome in outcomes:
        name = str(getattr(outcome, "status_code", None) or getattr(outcome, "code", None) or type(outcome).__name__)
        counts[name] = counts.get(name, 0) + 1
    return counts
