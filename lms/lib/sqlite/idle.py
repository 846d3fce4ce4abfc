"""Connections to a SQLite file that are open although nobody uses them, so that the next request need not open one.

To open one costs as much as a small request: Django registers seventy functions with it, and SQLite reads the whole
schema. Django's connections under ASGI last for one request, so these have to outlive them.
"""

import atexit
import os
import sqlite3
from typing import NamedTuple

# What stays open when a crowd is gone; each holds two megabytes of pages at most.
MOST_IDLE = 16


class FileIdentity(NamedTuple):
    """Which file it is, whatever its name is now."""

    device: int
    number: int


def identity_of(path: str) -> FileIdentity | None:
    """Return which file is at `path`; None when there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return FileIdentity(found.st_dev, found.st_ino)


class IdleConnections:
    """The idle connections of one path, the one that was used last on top."""

    def __init__(self) -> None:
        """Begin with none."""
        self._stack: list[tuple[FileIdentity, sqlite3.Connection]] = []
        self._abandoned: list[tuple[FileIdentity, sqlite3.Connection]] = []

    def take(self, now: FileIdentity | None) -> sqlite3.Connection | None:
        """Return a connection to the file that is there now, or None; close those to a file that was there before."""
        while True:
            try:
                identity, connection = self._stack.pop()
            except IndexError:
                return None
            if identity == now:
                return connection
            connection.close()

    def put(self, identity: FileIdentity, connection: sqlite3.Connection) -> None:
        """Keep a connection, or close it where enough are kept."""
        if len(self._stack) >= MOST_IDLE:
            connection.close()
        else:
            self._stack.append((identity, connection))

    def abandon(self) -> None:
        """Leave all connections as they are: they are the parent process's, and closing them is its own business."""
        self._abandoned += self._stack
        self._stack.clear()


_known: dict[str, IdleConnections] = {}


def idle_connections(database: str) -> IdleConnections:
    """Return the idle connections of the database at this path."""
    return _known.setdefault(database, IdleConnections())


def _abandon_all() -> None:
    for connections in _known.values():
        connections.abandon()


def _close_all() -> None:
    for connections in _known.values():
        connections.take(None)


os.register_at_fork(after_in_child=_abandon_all)
atexit.register(_close_all)
