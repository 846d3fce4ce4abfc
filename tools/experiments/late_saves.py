"""The control of experiment 5: a site that acknowledges a save at once and writes it two seconds later.

Served as `tools.experiments.late_saves:application`. Acknowledged answers must be lost when it is killed.
"""

import threading
import time
from typing import Any
from unittest.mock import patch

from django.db import connections
from django.utils import timezone

from lms.wsgi import application  # sets Django up, which the next import needs

from quizzes import attempts  # isort: skip

__all__ = ["application"]

WRITE_EVERY_SECONDS = 2
_queue: list[dict[str, Any]] = []
_save_answers = attempts.save_answers
_writer_lock = threading.Lock()


def _queue_save(**save: Any) -> attempts.SaveResult:
    """Add a save to the queue in memory and acknowledge it."""
    _start_writer()
    _queue.append(save)
    return attempts.SaveResult(number=0, saved_at=timezone.now(), deadline=None, answers={})


def _start_writer() -> None:
    """Start the writer thread, once in each process."""
    if _writer_lock.acquire(blocking=False):
        threading.Thread(target=_write_queue, daemon=True).start()


def _write_queue() -> None:
    while True:
        time.sleep(WRITE_EVERY_SECONDS)
        while _queue:
            try:
                _save_answers(**_queue.pop(0))
            finally:
                connections.close_all()


patch.object(attempts, "save_answers", _queue_save).start()
