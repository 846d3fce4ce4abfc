"""Noting who learns, without a write in the request: gathered in memory, written together by a thread of its own.

A request costs one look into a dictionary. Somebody who reads for an hour is four rows, whatever they click. What a
killed process had not written yet, half a minute at most, is lost: it is a statistic, not a grade.
"""

import atexit
import logging
import threading
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone

from analytics.services import write_activity

log = logging.getLogger(__name__)
MOST_WAITING = 50_000
QUARTER_MINUTES = 15

Note = tuple[UUID, UUID, datetime]  # user, course, and the quarter of an hour


class Notebook:
    """What this process has seen and not written yet. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[Note, datetime] = {}
        self._written: set[Note] = set()
        self._quarter: datetime | None = None
        self._timer: threading.Timer | None = None

    def note(self, user_id: UUID, course_id: UUID, at: datetime | None = None) -> None:
        """Note that somebody does something in a course now."""
        at = at or timezone.now()
        quarter = quarter_of(at)
        note = (user_id, course_id, quarter)
        with self._lock:
            if quarter != self._quarter:  # what was written of the last quarter cannot come again
                self._quarter, self._written = quarter, set()
            if note not in self._written and len(self._waiting) < MOST_WAITING:
                self._waiting[note] = at
                self._set_timer()

    def _set_timer(self) -> None:
        """See to it that what waits is written soon. Called with the lock held."""
        if self._timer is None and settings.ACTIVITY_WRITTEN_AFTER:
            self._timer = threading.Timer(settings.ACTIVITY_WRITTEN_AFTER, self._write_in_thread)
            self._timer.daemon = True
            self._timer.start()

    def _write_in_thread(self) -> None:
        with self._lock:
            self._timer = None
        try:
            self.write()
        finally:
            connection.close()  # this thread's own

    def write(self) -> int:
        """Write what waits; return how many notes that were. Kept for the next time where the database refuses."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
        if not waiting:
            return 0
        try:
            write_activity(notes=waiting)
        except DatabaseError as error:
            log.warning("activity of %d people could not be written yet: %s", len(waiting), error)
            with self._lock:
                self._waiting = {**waiting, **self._waiting}
                self._set_timer()
            return 0
        with self._lock:
            self._written |= {note for note in waiting if note[2] == self._quarter}
        return len(waiting)


def quarter_of(moment: datetime) -> datetime:
    """Return the beginning of the quarter of an hour in which `moment` lies."""
    moment = moment.astimezone(UTC)
    return moment.replace(minute=moment.minute - moment.minute % QUARTER_MINUTES, second=0, microsecond=0)


notebook = Notebook()
if settings.ACTIVITY_WRITTEN_AFTER:
    atexit.register(notebook.write)
