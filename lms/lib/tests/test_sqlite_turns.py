"""The line of those who write into a SQLite file: in the order in which they came, and never longer than they may."""

import gc
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest

from lms.lib.sqlite import turns as line
from lms.lib.sqlite.turns import FileLock, Turn, Turns
from lms.testing.racing import MOST_ROUNDS

PATIENCE_SECONDS = 60.0
processes = multiprocessing.get_context("fork")


@pytest.fixture
def turns() -> Turns:
    return Turns(None)


def taken(turns: Turns) -> Turn:
    turn = turns.take(PATIENCE_SECONDS)
    assert turn is not None
    return turn


def in_line(turns: Turns, act: Callable[[], Any]) -> threading.Thread:
    """Start a thread that acts in its turn, and wait until it stands in line."""
    before = len(turns._line)

    def run() -> None:
        turn = taken(turns)
        act()
        turn.end()

    thread = threading.Thread(target=run)
    thread.start()
    until = time.monotonic() + PATIENCE_SECONDS
    while len(turns._line) == before:
        assert time.monotonic() < until
        time.sleep(0.001)
    return thread


def test_threads_take_turns_in_the_order_in_which_they_came(turns: Turns) -> None:
    first, served = taken(turns), list[int]()
    threads = [in_line(turns, lambda number=number: served.append(number)) for number in range(10)]
    first.end()
    for thread in threads:
        thread.join()
    assert served == list(range(10))


def test_who_comes_when_nobody_writes_does_not_wait(turns: Turns) -> None:
    taken(turns).end()
    assert turns.take(0) is not None


def test_whoever_waited_too_long_leaves_and_the_line_goes_on(turns: Turns) -> None:
    first, served = taken(turns), list[str]()
    began = time.monotonic()
    assert turns.take(0.1) is None
    assert 0.1 <= time.monotonic() - began < PATIENCE_SECONDS
    thread = in_line(turns, lambda: served.append("behind"))
    first.end()
    thread.join()
    assert served == ["behind"]


def test_a_turn_ends_once(turns: Turns) -> None:
    first = taken(turns)
    first.end()
    second = taken(turns)
    first.end()
    assert turns.take(0) is None
    second.end()


def test_a_turn_that_nobody_knows_any_more_is_over(turns: Turns) -> None:
    def die() -> None:
        taken(turns)

    thread = threading.Thread(target=die)
    thread.start()
    thread.join()
    gc.collect()
    assert turns.take(0) is not None


def test_a_child_process_stands_in_no_line_of_its_parent(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(line._known, "a database", turns)
    turn = taken(turns)
    assert _in_a_child(lambda: turns.take(0) is not None)
    assert turns.take(0) is None  # and here all is as it was
    turn.end()


def test_another_process_waits_for_its_turn(database: Path) -> None:
    turns = Turns(FileLock(database))
    turn = taken(turns)
    assert not _in_a_child(lambda: Turns(FileLock(database)).take(0.1) is not None)
    turn.end()
    assert _in_a_child(lambda: Turns(FileLock(database)).take(0) is not None)


def test_a_process_that_is_killed_in_its_turn_holds_nobody_up(database: Path) -> None:
    has_turn = processes.Event()
    process = processes.Process(target=_hold, args=(database, has_turn))
    process.start()
    assert has_turn.wait(PATIENCE_SECONDS)
    turns = Turns(FileLock(database))
    assert turns.take(0) is None
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert turns.take(0) is not None


def _hold(database: Path, has_turn: Event) -> None:
    turn = taken(Turns(FileLock(database)))
    has_turn.set()
    time.sleep(PATIENCE_SECONDS)
    turn.end()


def is_fair(database: Path) -> bool:
    """Let two processes write without pause for two seconds, one of them with four threads; return whether either had
    its share of the turns."""
    turns, is_over = Turns(FileLock(database)), processes.Event()
    other = processes.Value("i", 0)
    ours: list[int] = []
    process = processes.Process(target=_write, args=(database, is_over, lambda: _count(other)))
    process.start()
    while not other.value:
        time.sleep(0.01)
    begun = other.value
    crowd = [threading.Thread(target=_take_turns, args=(turns, is_over, lambda: ours.append(1))) for _one in range(4)]
    for thread in crowd:
        thread.start()
    time.sleep(2)
    is_over.set()
    for thread in crowd:
        thread.join()
    process.join()
    share = (other.value - begun) / (len(ours) + other.value - begun)
    return 0.25 < share < 0.75


def test_two_processes_that_write_without_pause_take_turns_however_many_threads_they_have(database: Path) -> None:
    assert is_fair(database)


def test_control_without_the_second_lock_one_of_them_has_most_turns(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FileLock, "acquire", lambda self, until: self._wait_for(line.WRITING, until))
    assert not all(is_fair(database) for _round in range(MOST_ROUNDS))


def _count(value: Any) -> None:
    value.value += 1


def _write(database: Path, is_over: Event, act: Callable[[], None]) -> None:
    _take_turns(Turns(FileLock(database)), is_over, act)


def _take_turns(turns: Turns, is_over: Event, act: Callable[[], None]) -> None:
    while not is_over.is_set():
        turn = taken(turns)
        time.sleep(0.005)
        act()
        turn.end()


def test_where_the_lock_file_cannot_be_made_each_process_has_its_own_line(tmp_path: Path) -> None:
    database = str(tmp_path / "missing" / "db.sqlite3")
    turns = line.turns_of(database)
    turn = taken(turns)
    assert turns.take(0) is None
    turn.end()
    del line._known[database]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "db.sqlite3"
    path.touch()
    return path


def _in_a_child(holds: Callable[[], bool]) -> bool:
    """Return whether something holds in a child process."""
    process = processes.Process(target=lambda: os._exit(0 if holds() else 1))
    process.start()
    process.join()
    return process.exitcode == 0
