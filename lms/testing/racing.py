"""Running the same thing many times at once, from a standing start."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from django.db import connections

T = TypeVar("T")

# How often a control may try to break what its lock protects: chance decides each time, and most break at once.
MOST_ROUNDS = 20


def at_once(times: int, act: Callable[[int], T]) -> list[T | Exception]:
    """Run `act(0)` … `act(times - 1)` in as many threads, which all wait at a barrier first; return what each returned
    or raised. Each thread closes its database connections."""
    barrier = threading.Barrier(times)

    def run(number: int) -> T | Exception:
        try:
            barrier.wait(timeout=30)
            return act(number)
        except Exception as error:  # whatever it is, the test counts it
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def kinds(outcomes: list[Any]) -> dict[str, int]:
    """Return how many outcomes there were of each kind: a status code, an error's code or its class."""
    counted: dict[str, int] = {}
    for outcome in outcomes:
        name = str(getattr(outcome, "status_code", None) or getattr(outcome, "code", None) or type(outcome).__name__)
        counted[name] = counted.get(name, 0) + 1
    return counted
