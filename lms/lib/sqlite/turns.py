"""Whose turn it is to write into a SQLite file, in which one connection writes at a time.

SQLite lets those who wait ask again and again, after pauses that grow to a tenth of a second and in no order: the file
lies idle although somebody waits, and who comes now is served before who has waited for seconds. Here they stand in
line, the threads of a process in the order in which they came, and the foremost thread of each process with those of
the others. Nobody holds SQLite's lock while waiting in here, so the line cannot lock up with it; and it protects
nothing, for SQLite's lock stays the one that counts.
"""

import fcntl
import logging
import os
import threading
import time
from collections import deque
from pathlib import Path

logger = logging.getLogger(__name__)
# How long the foremost thread of a process pauses before it asks again: a write takes about as long.
PAUSE_SECONDS = 0.001
# The bytes of the lock file: who writes, and who is next. With the first alone, a process that has just written would
# take it again before another one has woken up.
WRITING, NEXT = 0, 1


class FileLock:
    """Keeps processes apart by the locks of a file beside the database, which end with the process, however it ends.

    They belong to the process, not to the thread, and a child does not inherit them: one thread at a time may use this.
    """

    def __init__(self, database: Path) -> None:
        """Take the path of the database; the file is made beside it at once, and stays. Raises OSError where it cannot
        be opened."""
        self._file = os.open(f"{database}-queue", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        if os.geteuid() == 0:  # as SQLite does with its own files: a command that root runs must not lock the site out
            owner = database.stat()
            os.fchown(self._file, owner.st_uid, owner.st_gid)

    def acquire(self, until: float) -> bool:
        """Wait for the lock until this moment of `time.monotonic`; return whether we have it."""
        if not self._wait_for(NEXT, until):
            return False
        try:
            return self._wait_for(WRITING, until)
        finally:
            self._unlock(NEXT)

    def release(self) -> None:
        """Let the next process write."""
        self._unlock(WRITING)

    def _wait_for(self, byte: int, until: float) -> bool:
        while not self._is_locked_by_us(byte):
            if time.monotonic() >= until:
                return False
            time.sleep(PAUSE_SECONDS)
        return True

    def _is_locked_by_us(self, byte: int) -> bool:
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except (BlockingIOError, PermissionError):  # systems differ in what they say of a lock that is taken
            return False
        return True

    def _unlock(self, byte: int) -> None:
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, byte)


class Turn:
    """A place in the line, and the turn that comes of it. It ends with `end()`, or when nobody knows it any more; so
    the line knows its places, but not those who stand there."""

    __slots__ = ("_turns", "place")

    def __init__(self, turns: "Turns") -> None:
        """Take the line, in which `place` will stand; it is unlocked when its turn comes."""
        self._turns = turns
        self.place = threading.Lock()
        self.place.acquire()

    def end(self) -> None:
        """Leave, and call who is next; do nothing the second time."""
        self._turns.leave(self.place)

    def __del__(self) -> None:
        """A thread that died in the middle leaves, too."""
        self.end()


class Turns:
    """The line of one database file."""

    def __init__(self, file_lock: FileLock | None) -> None:
        """Take what keeps other processes apart; None for a line of this process alone."""
        self._file_lock = file_lock
        self.forget()

    def forget(self) -> None:
        """Begin anew: a child process has none of the threads that stand in line."""
        # A turn may be collected, and so end, in a thread that is in here already.
        self._lock = threading.RLock()
        self._line: deque[threading.Lock] = deque()
        self._current: threading.Lock | None = None
        self._is_file_locked = False

    def take(self, seconds: float) -> Turn | None:
        """Wait in line for at most so long; return our turn, or None when it did not come."""
        until = time.monotonic() + seconds
        turn = Turn(self)
        try:
            with self._lock:
                self._line.append(turn.place)
                self._call_next()
            if turn.place.acquire(timeout=max(0, seconds)) and self._is_alone(until):
                return turn
        except BaseException:
            turn.end()
            raise
        turn.end()
        return None

    def leave(self, place: threading.Lock) -> None:
        """End the turn of a place, or give the place up."""
        with self._lock:
            if self._current is place:
                self._current = None
                if self._file_lock and self._is_file_locked:
                    self._is_file_locked = False
                    self._file_lock.release()
                self._call_next()
            elif place in self._line:
                self._line.remove(place)

    def _call_next(self) -> None:
        if self._current is None and self._line:
            self._current = self._line.popleft()
            self._current.release()

    def _is_alone(self, until: float) -> bool:
        """Wait for the other processes; return whether none of them writes now. Call it in one's turn."""
        if self._file_lock is None:
            return True
        self._is_file_locked = self._file_lock.acquire(until)
        return self._is_file_locked


_known: dict[str, Turns] = {}
_making = threading.Lock()


def turns_of(database: str) -> Turns:
    """Return the line of the database at this path."""
    found = _known.get(database)
    if found is None:
        with _making:
            found = _known.get(database)
            if found is None:
                found = _known[database] = Turns(_file_lock(database))
    return found


def _file_lock(database: str) -> FileLock | None:
    """Return what keeps the processes at this database apart. Without it, for a URI or where the file is not ours, each
    process has a line of its own, and between them it goes as SQLite's lock has it."""
    if database.startswith("file:"):
        return None
    try:
        return FileLock(Path(database))
    except OSError as error:
        logger.warning("Writers of several processes do not stand in one line: %s", error)
        return None


def _forget_all() -> None:
    global _making
    _making = threading.Lock()
    for turns in _known.values():
        turns.forget()


os.register_at_fork(after_in_child=_forget_all)
