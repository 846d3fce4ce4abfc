"""The control of experiment 5: the same site, but a save is acknowledged at once and written two seconds later.

Served as `lms.experiments.forgetful:application`. Whoever kills it must lose answers that somebody was promised.
"""

import threading
import time
from typing import Any

from django.db import connections
from django.utils import timezone

from lms.wsgi import application  # sets Django up, which the next import needs

from quizzes import attempts  # isort: skip

__all__ = ["application"]

WRITE_EVERY_SECONDS = 2
_waiting: list[dict[str, Any]] = []
_save = attempts.save_answers
_writer = threading.Lock()


def _promise(**save: Any) -> attempts.Saved:
    """Take a save into memory, and acknowledge it."""
    _start_writing()
    _waiting.append(save)
    return attempts.Saved(number=0, saved_at=timezone.now(), deadline=None)


def _start_writing() -> None:
    """Start the thread that writes, once in each process."""
    if _writer.acquire(blocking=False):
        threading.Thread(target=_write, daemon=True).start()


def _write() -> None:
    while True:
        time.sleep(WRITE_EVERY_SECONDS)
        while _waiting:
            try:
                _save(**_waiting.pop(0))
            finally:
                connections.close_all()


attempts.save_answers = _promise
