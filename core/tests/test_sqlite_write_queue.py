"""The queue of SQLite writers is fair, bounded in time, and survives the death of a thread or process."""

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

from core.db.sqlite import write_queue
from core.db.sqlite.write_queue import FileLock, WriteQueue, WriteSlot
from tools.testing.races import MAX_ROUNDS

PATIENCE_SECONDS = 60.0
processes = multiprocessing.get_context("fork")


@pytest.fixture
def queue() -> WriteQueue:
    return WriteQueue(None)


def acquired(queue: WriteQueue) -> WriteSlot:
    slot = queue.acquire(PATIENCE_SECONDS)
    assert slot is not None
    return slot


def waiting_thread(queue: WriteQueue, act: Callable[[], Any]) -> threading.Thread:
    """Start a thread that acts once it has the slot, and return when it waits in the queue."""
    before = len(queue._waiting)

    def run() -> None:
        slot = acquired(queue)
        act()
        slot.release()

    thread = threading.Thread(target=run)
    thread.start()
    until = time.monotonic() + PATIENCE_SECONDS
    while len(queue._waiting) == before:
        assert time.monotonic() < until
        time.sleep(0.001)
    return thread


def test_threads_write_repeatedly_in_the_order_in_which_they_came(queue: WriteQueue) -> None:
    first, served = acquired(queue), list[int]()
    threads = [waiting_thread(queue, lambda number=number: served.append(number)) for number in range(10)]
    first.release()
    for thread in threads:
        thread.join()
    assert served == list(range(10))


def test_a_writer_without_competition_does_not_wait(queue: WriteQueue) -> None:
    acquired(queue).release()
    assert queue.acquire(0) is not None


def test_a_writer_that_times_out_leaves_the_queue_to_the_others(queue: WriteQueue) -> None:
    first, served = acquired(queue), list[str]()
    began = time.monotonic()
    assert queue.acquire(0.1) is None
    assert 0.1 <= time.monotonic() - began < PATIENCE_SECONDS
    thread = waiting_thread(queue, lambda: served.append("behind"))
    first.release()
    thread.join()
    assert served == ["behind"]


def test_releasing_a_slot_twice_has_no_effect(queue: WriteQueue) -> None:
    first = acquired(queue)
    first.release()
    second = acquired(queue)
    first.release()
    assert queue.acquire(0) is None
    second.release()


def test_the_slot_of_a_dead_thread_is_released(queue: WriteQueue) -> None:
    def die() -> None:
        acquired(queue)

    thread = threading.Thread(target=die)
    thread.start()
    thread.join()
    gc.collect()
    assert queue.acquire(0) is not None


def test_a_child_process_starts_with_an_empty_queue(queue: WriteQueue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(write_queue._queues, "a database", queue)
    slot = acquired(queue)
    assert _in_a_child(lambda: queue.acquire(0) is not None)
    assert queue.acquire(0) is None  # the parent's queue is unchanged
    slot.release()


def test_another_process_waits_for_the_file_lock(database: Path) -> None:
    queue = WriteQueue(FileLock(database))
    slot = acquired(queue)
    assert not _in_a_child(lambda: WriteQueue(FileLock(database)).acquire(0.1) is not None)
    slot.release()
    assert _in_a_child(lambda: WriteQueue(FileLock(database)).acquire(0) is not None)


def test_a_killed_process_does_not_block_the_others(database: Path) -> None:
    has_slot = processes.Event()
    process = processes.Process(target=_hold, args=(database, has_slot))
    process.start()
    assert has_slot.wait(PATIENCE_SECONDS)
    queue = WriteQueue(FileLock(database))
    assert queue.acquire(0) is None
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    assert queue.acquire(0) is not None


def _hold(database: Path, has_slot: Event) -> None:
    slot = acquired(WriteQueue(FileLock(database)))
    has_slot.set()
    time.sleep(PATIENCE_SECONDS)
    slot.release()


def is_fair(database: Path) -> bool:
    """Let two processes write without pause for two seconds, one of them with four threads; return whether either had
    its share of the queue."""
    queue, is_over = WriteQueue(FileLock(database)), processes.Event()
    other = processes.Value("i", 0)
    ours: list[int] = []
    process = processes.Process(target=_write, args=(database, is_over, lambda: _count(other)))
    process.start()
    while not other.value:
        time.sleep(0.01)
    begun = other.value
    crowd = [
        threading.Thread(target=_write_repeatedly, args=(queue, is_over, lambda: ours.append(1))) for _one in range(4)
    ]
    for thread in crowd:
        thread.start()
    time.sleep(2)
    is_over.set()
    for thread in crowd:
        thread.join()
    process.join()
    share = (other.value - begun) / (len(ours) + other.value - begun)
    return 0.25 < share < 0.75


def test_two_processes_that_write_without_pause_write_repeatedly_however_many_threads_they_have(database: Path) -> None:
    assert is_fair(database)


def test_control_without_the_second_lock_one_process_dominates(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FileLock, "acquire", lambda self, deadline: self._wait_for(write_queue.WRITING, deadline))
    assert not all(is_fair(database) for _round in range(MAX_ROUNDS))


def _count(value: Any) -> None:
    value.value += 1


def _write(database: Path, is_over: Event, act: Callable[[], None]) -> None:
    _write_repeatedly(WriteQueue(FileLock(database)), is_over, act)


def _write_repeatedly(queue: WriteQueue, is_over: Event, act: Callable[[], None]) -> None:
    while not is_over.is_set():
        slot = acquired(queue)
        time.sleep(0.005)
        act()
        slot.release()


def test_without_a_lock_file_each_process_has_its_own_queue(tmp_path: Path) -> None:
    database = str(tmp_path / "missing" / "db.sqlite3")
    queue = write_queue.write_queue_for(database)
    slot = acquired(queue)
    assert queue.acquire(0) is None
    slot.release()
    del write_queue._queues[database]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "db.sqlite3"
    path.touch()
    return path


def _in_a_child(holds: Callable[[], bool]) -> bool:
    """Return whether a check succeeds in a child process."""
    process = processes.Process(target=lambda: os._exit(0 if holds() else 1))
    process.start()
    process.join()
    return process.exitcode == 0
