"""A fair queue for the writers of a SQLite file, which accepts one writing connection at a time.

SQLite lets waiting writers retry after pauses that grow to a tenth of a second, in no order: the file is idle while
writers wait, and a late writer overtakes one that has waited for seconds. Measured: of eight threads that wrote without
a pause for two seconds, one wrote 290 times and seven once each.

Here writers queue: the threads of a process in their order of arrival, and the first thread of each process with those
of the other processes. This module never holds SQLite's lock while it waits, so the two cannot deadlock, and
correctness still rests on SQLite's lock alone.
"""

import fcntl
import logging
import os
import threading
import time
from collections import deque
from pathlib import Path

logger = logging.getLogger(__name__)
# The pause between two tries of a process's first thread; a write takes about as long.
PAUSE_SECONDS = 0.001
# The bytes of the lock file: the writing process, and the next one. With the first byte alone, a process that has just
# written would lock it again before another one has woken up.
WRITING, NEXT = 0, 1


class FileLock:
    """A lock between processes, on a file beside the database.

    The operating system releases it when the process ends. It belongs to the process, not to a thread, and a child does
    not inherit it, so one thread at a time may use it.
    """

    def __init__(self, database: Path) -> None:
        """Create the lock file beside `database`; it is never deleted. Raise OSError if it cannot be opened."""
        self._file = os.open(f"{database}-queue", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        if os.geteuid() == 0:  # as SQLite does with its own files: a command run by root must not lock the site out
            owner = database.stat()
            os.fchown(self._file, owner.st_uid, owner.st_gid)

    def acquire(self, deadline: float) -> bool:
        """Wait for the lock until `deadline`, a `time.monotonic` value; return whether it was acquired."""
        if not self._wait_for(NEXT, deadline):
            return False
        try:
            return self._wait_for(WRITING, deadline)
        finally:
            self._unlock(NEXT)

    def release(self) -> None:
        """Release the lock."""
        self._unlock(WRITING)

    def _wait_for(self, byte: int, deadline: float) -> bool:
        while not self._try_lock(byte):
            if time.monotonic() >= deadline:
                return False
            time.sleep(PAUSE_SECONDS)
        return True

    def _try_lock(self, byte: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except (BlockingIOError, PermissionError):  # which of the two depends on the operating system
            return False
        return True

    def _unlock(self, byte: int) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, byte)


class WriteSlot:
    """A place in the queue, and later the right to write.

    It ends with `release()` or when it is garbage-collected; the queue therefore holds its `gate` and not the slot.
    """

    __slots__ = ("_queue", "gate")

    def __init__(self, queue: "WriteQueue") -> None:
        """Create a slot whose `gate` is locked until its turn comes."""
        self._queue = queue
        self.gate = threading.Lock()
        self.gate.acquire()

    def release(self) -> None:
        """Leave the queue and admit the next writer. Calling it twice has no effect."""
        self._queue.leave(self.gate)

    def __del__(self) -> None:
        """Release the slot of a thread that died while it held it."""
        self.release()


class WriteQueue:
    """The queue of one database file."""

    def __init__(self, file_lock: FileLock | None) -> None:
        """Take the lock against other processes; None for a queue of this process alone."""
        self._file_lock = file_lock
        self.reset()

    def reset(self) -> None:
        """Empty the queue: a child process has none of its parent's threads."""
        # Reentrant, since a slot may be collected, and so released, in a thread that is inside the queue already.
        self._lock = threading.RLock()
        self._waiting: deque[threading.Lock] = deque()
        self._current: threading.Lock | None = None
        self._is_file_locked = False

    def acquire(self, seconds: float) -> WriteSlot | None:
        """Wait for at most `seconds`; return the slot, or None when the time is over."""
        deadline = time.monotonic() + seconds
        slot = WriteSlot(self)
        try:
            with self._lock:
                self._waiting.append(slot.gate)
                self._admit_next()
            if slot.gate.acquire(timeout=max(0, seconds)) and self._lock_file(deadline):
                return slot
        except BaseException:
            slot.release()
            raise
        slot.release()
        return None

    def leave(self, gate: threading.Lock) -> None:
        """Remove the slot with this gate, whether it is waiting or writing."""
        with self._lock:
            if self._current is gate:
                self._current = None
                if self._file_lock and self._is_file_locked:
                    self._is_file_locked = False
                    self._file_lock.release()
                self._admit_next()
            elif gate in self._waiting:
                self._waiting.remove(gate)

    def _admit_next(self) -> None:
        if self._current is None and self._waiting:
            self._current = self._waiting.popleft()
            self._current.release()

    def _lock_file(self, deadline: float) -> bool:
        """Wait for other processes; return whether none of them is writing. Called by the current writer only."""
        if self._file_lock is None:
            return True
        self._is_file_locked = self._file_lock.acquire(deadline)
        return self._is_file_locked


_queues: dict[str, WriteQueue] = {}
_creation_lock = threading.Lock()


def write_queue_for(database: str) -> WriteQueue:
    """Return this process's queue for the database at a path."""
    queue = _queues.get(database)
    if queue is None:
        with _creation_lock:
            queue = _queues.get(database)
            if queue is None:
                queue = _queues[database] = WriteQueue(_file_lock(database))
    return queue


def _file_lock(database: str) -> FileLock | None:
    """Return the lock between processes, or None for a URI and where the lock file cannot be opened.

    Without it each process has a queue of its own, and SQLite's lock decides between processes.
    """
    if database.startswith("file:"):
        return None
    try:
        return FileLock(Path(database))
    except OSError as error:
        logger.warning("Writers of different processes do not queue: %s", error)
        return None


def _reset_all() -> None:
    global _creation_lock
    _creation_lock = threading.Lock()
    for queue in _queues.values():
        queue.reset()


os.register_at_fork(after_in_child=_reset_all)
