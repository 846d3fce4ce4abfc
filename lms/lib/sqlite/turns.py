"""Whose turn it is to write into a SQLite file, in which one connection writes at a time.

SQLite lets those who wait ask again and again, after pauses that grow to a tenth of a second and in no order: the file
lies idle although somebody waits, and who comes now is served before who has waited for seconds. Here they stand in
line, the threads of a process in the order in which they came, and the foremost thread of each process with those of
the others. Nobody holds SQLite's lock while waiting in here, so the line cannot lock up with it; and it protects
nothing, for SQLite's lock stays the one that counts.
"""

import fcntl
import os
import threading
import time
from collections import deque
from pathlib import Path

# How long the foremost thread of a process pauses before it asks again: a write takes about as long.
PAUSE_SECONDS = 0.001
# The bytes of the lock file: who writes, and who is next. With the first alone, a process that has just written would
# take it again before another one has woken up.
WRITING, NEXT = 0, 1


class FileLock:
    """Keeps processes apart by the locks of a file beside the database, which end with the process, however it ends.

    They belong to the process, not to the thread, and a child does not inherit them: one thread at a time may use this.
    """

    def __init__(self, path: Path) -> None:
        """Take the file's path; the file is made at first use, and stays."""
        self.path = path
        self._file: int | None = None

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
        while True:
            try:
                fcntl.lockf(self._opened(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
            except (BlockingIOError, PermissionError):  # systems differ in what they say of a lock that is taken
                if time.monotonic() >= until:
                    return False
                time.sleep(PAUSE_SECONDS)
            else:
                return True

    def _unlock(self, byte: int) -> None:
        fcntl.lockf(self._opened(), fcntl.LOCK_UN, 1, byte)

    def _opened(self) -> int:
        if self._file is None:
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        return self._file


class Turn:
    """A place in the line, and the turn that comes of it. It ends with `end()`, or when nobody knows it any more."""

    __slots__ = ("called", "turns")

    def __init__(self, turns: "Turns") -> None:
        """Take the line; the place is taken by it."""
        self.turns = turns
        self.called = threading.Lock()
        self.called.acquire()

    def end(self) -> None:
        """Leave, and call who is next; do nothing the second time."""
        self.turns.leave(self)

    def __del__(self) -> None:
        """A thread that died in the middle leaves, too."""
        self.end()


class Turns:
    """The line of one database file."""

    def __init__(self, path: Path | None) -> None:
        """Take the path of the lock file that keeps other processes apart; None for a line of this process alone."""
        self._file_lock = FileLock(path) if path else None
        self.forget()

    def forget(self) -> None:
        """Begin anew: a child process has none of the threads that stand in line."""
        # A turn may be collected, and so end, in a thread that is in here already.
        self._lock = threading.RLock()
        self._line: deque[Turn] = deque()
        self._current: Turn | None = None
        self._is_file_locked = False

    def take(self, seconds: float) -> Turn | None:
        """Wait in line for at most so long; return our turn, or None when it did not come."""
        until = time.monotonic() + seconds
        turn = Turn(self)
        try:
            with self._lock:
                self._line.append(turn)
                self._call_next()
            if turn.called.acquire(timeout=max(0, seconds)) and self._is_alone(until):
                return turn
        except BaseException:
            turn.end()
            raise
        turn.end()
        return None

    def leave(self, turn: Turn) -> None:
        """End a turn, or give up a place in the line."""
        with self._lock:
            if self._current is turn:
                self._current = None
                if self._file_lock and self._is_file_locked:
                    self._is_file_locked = False
                    self._file_lock.release()
                self._call_next()
            elif turn in self._line:
                self._line.remove(turn)

    def _call_next(self) -> None:
        if self._current is None and self._line:
            self._current = self._line.popleft()
            self._current.called.release()

    def _is_alone(self, until: float) -> bool:
        """Wait for the other processes; return whether none of them writes now. Call it in one's turn."""
        if self._file_lock is None:
            return True
        self._is_file_locked = self._file_lock.acquire(until)
        return self._is_file_locked


_known: dict[str, Turns] = {}


def turns_of(database: str) -> Turns:
    """Return the line of the database at this path. One that is given as a URI has a line in each process, and SQLite's
    own ways between them."""
    found = _known.get(database)
    if found is None:
        beside = None if database.startswith("file:") else Path(f"{database}-queue")
        found = _known.setdefault(database, Turns(beside))
    return found


def _forget_all() -> None:
    for turns in _known.values():
        turns.forget()


os.register_at_fork(after_in_child=_forget_all)
