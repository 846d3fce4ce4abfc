"""What a process does once, when it has started for good: after its first answer."""

import gc
from typing import Any

from django.core.signals import request_finished


def settle_after_first_answer() -> None:
    """Take what is there after the first answer, views and all, out of the garbage collector's sight.

    A quarter of a million objects live as long as the process; looking through them again and again was a third of a
    gradebook's cost, and made whoever came at that moment wait 0.1 s. What requests make is collected as before.
    """
    request_finished.connect(_settle)


def _settle(**_signal: Any) -> None:
    request_finished.disconnect(_settle)
    gc.collect()
    gc.freeze()
