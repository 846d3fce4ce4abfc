"""Tests for concurrent writers on SQLite and their queue (quality row X04; docs/architecture.md, "Facts", 3)."""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from rest_framework.test import APIClient

from accounts.models import User
from core.db.sqlite import base
from core.db.sqlite.write_queue import WriteQueue, WriteSlot, write_queue_for
from courses.models import Course
from enrollments import services
from enrollments.models import Enrollment, LessonProgress
from tools.testing.plugin import make_user
from tools.testing.races import MAX_ROUNDS, run_concurrently

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db(transaction=True)]
CLASS = 8


@pytest.mark.quality("X04")
def test_twenty_concurrent_writers_all_succeed(course: Course) -> None:
    students = [make_user(f"Student{number}") for number in range(20)]
    lesson = course.lessons.first()

    def learn(number: int) -> Enrollment:
        enrollment = services.enroll(actor=students[number], user=students[number], course=course)
        for seconds in range(10):
            services.complete_lesson(
                actor=students[number],
                enrollment=enrollment,
                lesson_id=lesson.pk,
                completed=seconds == 9,
                position_seconds=seconds,
            )
        return enrollment

    outcomes = run_concurrently(20, learn)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert Enrollment.objects.count() == 20
    assert LessonProgress.objects.filter(completed_at__isnull=False, position_seconds=9).count() == 20


@pytest.mark.quality("X04")
def test_the_default_settings_use_wal_and_immediate_transactions() -> None:
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert cursor.execute("PRAGMA foreign_keys").fetchone()[0] == 1
    assert connection.transaction_mode == "IMMEDIATE"
    assert User.objects.count() == 0


def writes_of_each(seconds: float) -> list[int]:
    """Write with several threads continuously, 5 ms per write; return the sorted number of writes per thread."""
    until = time.monotonic() + seconds

    def write(_number: int) -> int:
        writes = 0
        while time.monotonic() < until:
            with transaction.atomic():
                time.sleep(0.005)
            writes += 1
        return writes

    return sorted(run_concurrently(CLASS, write))


@pytest.mark.quality("X04")
def test_concurrent_writers_get_equal_shares() -> None:
    fewest, *_others, most = writes_of_each(2)
    assert most <= fewest + 2 + most // 10


def test_without_the_queue_some_writers_starve(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WriteQueue, "acquire", lambda self, seconds: WriteSlot(self))

    def breaks() -> bool:
        fewest, *_others, most = writes_of_each(2)
        return most > 2 * fewest

    assert any(breaks() for _round in range(MAX_ROUNDS))


@contextmanager
def open_write_transaction() -> Iterator[None]:
    """Keep a write transaction open in another thread until the end of the block."""
    begun, is_over = threading.Event(), threading.Event()

    def write() -> None:
        with transaction.atomic():
            begun.set()
            is_over.wait(60)
        connections.close_all()

    thread = threading.Thread(target=write)
    thread.start()
    assert begun.wait(60)
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def shorten_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limit the lock timeout of this thread to 0.1 seconds."""
    connection.close()
    options = connection.settings_dict["OPTIONS"] | {"timeout": 0.1}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)


def in_a_transaction() -> None:
    with transaction.atomic():
        User.objects.update(full_name="Anybody")


def in_a_statement() -> None:
    User.objects.update(full_name="Anybody")


@pytest.mark.parametrize("write", [in_a_transaction, in_a_statement])
def test_writes_inside_and_outside_of_transactions_use_the_queue(write: Callable[[], None]) -> None:
    queue = write_queue_for(str(connection.settings_dict["NAME"]))
    with open_write_transaction():
        thread = threading.Thread(target=lambda: (write(), connections.close_all()))
        thread.start()
        until = time.monotonic() + 60
        while not queue._waiting:
            assert time.monotonic() < until
            time.sleep(0.001)
    thread.join()


@pytest.mark.parametrize("write", [in_a_transaction, in_a_statement])
def test_a_write_that_waits_too_long_raises_database_is_locked(
    write: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    shorten_timeout(monkeypatch)
    with open_write_transaction(), pytest.raises(OperationalError, match="database is locked"):
        write()
    write()


def test_a_request_that_waits_too_long_is_a_503_try_again(
    alice: User, api_of: Callable[[User], APIClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = api_of(alice)
    client.raise_request_exception = False
    shorten_timeout(monkeypatch)
    with open_write_transaction():
        answer = client.post("/api/v1/courses/", {"title": "Too late"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (503, "try_again")
    assert client.post("/api/v1/courses/", {"title": "In time"}).status_code == 201


def test_the_time_in_the_queue_reduces_the_busy_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "NOTEWORTHY_SECONDS", 0)
    connection.ensure_connection()
    seen: list[Any] = []
    with transaction.atomic():
        pass
    connection.connection.set_trace_callback(seen.append)
    with connection._remaining_timeout(19.5):
        pass
    connection.connection.set_trace_callback(None)
    assert seen == ["PRAGMA busy_timeout = 500", "PRAGMA busy_timeout = 20000"]


def test_readers_do_not_wait_for_a_writer(alice: User) -> None:
    with open_write_transaction():
        began = time.monotonic()
        assert User.objects.count() == 1
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("end", [connection.rollback, connection.close])
def test_the_end_of_a_transaction_releases_the_write_lock(end: Callable[[], None]) -> None:
    transaction.set_autocommit(False)
    User.objects.update(full_name="Anybody")
    end()
    connection.close()
    assert run_concurrently(1, lambda _number: in_a_transaction()) == [None]


def test_the_end_of_a_thread_releases_its_write_lock() -> None:
    def die() -> None:
        transaction.atomic().__enter__()

    thread = threading.Thread(target=die)
    thread.start()
    thread.join()
    gc.collect()  # the connection wrapper has a reference cycle
    assert run_concurrently(1, lambda _number: in_a_transaction()) == [None]
