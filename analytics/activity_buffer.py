"""In-memory buffer of learning activity, written in batches by a background thread.

A request costs one dictionary access and no query. A person who reads for an hour becomes four rows, however many pages
they open. A process that is killed loses what it has not written yet (ACTIVITY_WRITTEN_AFTER seconds, 30 by default):
acceptable for a statistic, which is why grades are never stored this way.
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
MAX_PENDING = 50_000
QUARTER_MINUTES = 15

ActivityKey = tuple[UUID, UUID, datetime]  # user, course, start of the quarter of an hour


class ActivityBuffer:
    """Activity that this process has recorded and not written yet. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: dict[ActivityKey, datetime] = {}
        self._written: set[ActivityKey] = set()
        self._quarter: datetime | None = None
        self._timer: threading.Timer | None = None

    def record(self, user_id: UUID, course_id: UUID, at: datetime | None = None) -> None:
        """Record that a user is active in a course at `at`, by default now."""
        at = at or timezone.now()
        quarter = quarter_start(at)
        key = (user_id, course_id, quarter)
        with self._lock:
            if quarter != self._quarter:  # records of an earlier quarter cannot recur
                self._quarter, self._written = quarter, set()
            if key not in self._written and len(self._pending) < MAX_PENDING:
                self._pending[key] = at
                self._start_timer()

    def _start_timer(self) -> None:
        """Start the timer of the next write, unless it is running. The caller holds the lock."""
        if self._timer is None and settings.ACTIVITY_WRITTEN_AFTER:
            self._timer = threading.Timer(settings.ACTIVITY_WRITTEN_AFTER, self._flush_in_thread)
            self._timer.daemon = True
            self._timer.start()

    def _flush_in_thread(self) -> None:
        with self._lock:
            self._timer = None
        try:
            self.flush()
        finally:
            connection.close()  # the connection of this thread only

    def flush(self) -> int:
        """Write the pending records and return their number; after a DatabaseError they stay pending."""
        with self._lock:
            pending, self._pending = self._pending, {}
        if not pending:
            return 0
        try:
            write_activity(records=pending)
        except DatabaseError as error:
            log.warning("could not write %d activity records, will retry: %s", len(pending), error)
            with self._lock:
                self._pending = {**pending, **self._pending}
                self._start_timer()
            return 0
        with self._lock:
            self._written |= {key for key in pending if key[2] == self._quarter}
        return len(pending)


def quarter_start(moment: datetime) -> datetime:
    """Return the start of the quarter of an hour that contains `moment`, in UTC."""
    moment = moment.astimezone(UTC)
    return moment.replace(minute=moment.minute - moment.minute % QUARTER_MINUTES, second=0, microsecond=0)


activity_buffer = ActivityBuffer()
if settings.ACTIVITY_WRITTEN_AFTER:
    atexit.register(activity_buffer.flush)
