"""The embedded database bears a class that writes at once, and serves it in order (QUALITY X04, fact 3)."""

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
from courses.models import Course
from enrollments import services
from enrollments.models import Enrollment, LessonProgress
from lms.lib.sqlite import base
from lms.lib.sqlite.turns import Turn, Turns, turns_of
from lms.testing.plugin import person
from lms.testing.racing import MOST_ROUNDS, at_once

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db(transaction=True)]
CLASS = 8


@pytest.mark.quality("X04")
def test_twenty_writers_at_once_are_all_served(course: Course) -> None:
    students = [person(f"Student{number}") for number in range(20)]
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

    outcomes = at_once(20, learn)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert Enrollment.objects.count() == 20
    assert LessonProgress.objects.filter(completed_at__isnull=False, position_seconds=9).count() == 20


@pytest.mark.quality("X04")
def test_the_shipped_settings_take_the_write_lock_first_and_log_ahead() -> None:
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert cursor.execute("PRAGMA foreign_keys").fetchone()[0] == 1
    assert connection.transaction_mode == "IMMEDIATE"
    assert User.objects.count() == 0


def writes_of_each(seconds: float) -> list[int]:
    """Let a class write without pause, each write 5 ms long; return how often each one came to it, in order."""
    until = time.monotonic() + seconds

    def write(_number: int) -> int:
        writes = 0
        while time.monotonic() < until:
            with transaction.atomic():
                time.sleep(0.005)
            writes += 1
        return writes

    return sorted(at_once(CLASS, write))


@pytest.mark.quality("X04")
def test_everybody_in_a_class_writes_as_often_as_the_others() -> None:
    fewest, *_others, most = writes_of_each(2)
    assert most <= fewest + 2 + most // 10


def test_without_the_line_some_write_and_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Turns, "take", lambda self, seconds: Turn(self))

    def breaks() -> bool:
        fewest, *_others, most = writes_of_each(2)
        return most > 2 * fewest

    assert any(breaks() for _round in range(MOST_ROUNDS))


@contextmanager
def somebody_writing() -> Iterator[None]:
    """Another thread is in the middle of a transaction, until the end of the block."""
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


def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this thread wait for a tenth of a second."""
    connection.close()
    options = connection.settings_dict["OPTIONS"] | {"timeout": 0.1}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)


def in_a_transaction() -> None:
    with transaction.atomic():
        User.objects.update(full_name="Anybody")


def in_a_statement() -> None:
    User.objects.update(full_name="Anybody")


@pytest.mark.parametrize("write", [in_a_transaction, in_a_statement])
def test_a_write_stands_in_line_with_a_transaction_and_without(write: Callable[[], None]) -> None:
    line = turns_of(str(connection.settings_dict["NAME"]))
    with somebody_writing():
        thread = threading.Thread(target=lambda: (write(), connections.close_all()))
        thread.start()
        until = time.monotonic() + 60
        while not line._line:
            assert time.monotonic() < until
            time.sleep(0.001)
    thread.join()


@pytest.mark.parametrize("write", [in_a_transaction, in_a_statement])
def test_whoever_waits_too_long_is_told_that_the_database_is_locked(
    write: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch)
    with somebody_writing(), pytest.raises(OperationalError, match="database is locked"):
        write()
    write()


def test_a_client_that_waits_too_long_may_try_again(
    alice: User, api_of: Callable[[User], APIClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = api_of(alice)
    client.raise_request_exception = False
    impatient(monkeypatch)
    with somebody_writing():
        answer = client.post("/api/v1/courses/", {"title": "Too late"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (503, "try_again")
    assert client.post("/api/v1/courses/", {"title": "In time"}).status_code == 201


def test_time_in_the_line_counts_where_a_stranger_holds_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "NOTEWORTHY_SECONDS", 0)
    connection.ensure_connection()
    seen: list[Any] = []
    with transaction.atomic():
        pass
    connection.connection.set_trace_callback(seen.append)
    with connection._patience_left(19.5):
        pass
    connection.connection.set_trace_callback(None)
    assert seen == ["PRAGMA busy_timeout = 500", "PRAGMA busy_timeout = 20000"]


def test_readers_do_not_wait_for_a_writer(alice: User) -> None:
    with somebody_writing():
        began = time.monotonic()
        assert User.objects.count() == 1
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("end", [connection.rollback, connection.close])
def test_a_transaction_that_ends_in_any_way_lets_the_next_one_write(end: Callable[[], None]) -> None:
    transaction.set_autocommit(False)
    User.objects.update(full_name="Anybody")
    end()
    connection.close()
    assert at_once(1, lambda _number: in_a_transaction()) == [None]


def test_a_thread_that_dies_in_a_transaction_lets_the_next_one_write() -> None:
    def die() -> None:
        transaction.atomic().__enter__()

    thread = threading.Thread(target=die)
    thread.start()
    thread.join()
    gc.collect()  # Django's wrapper knows itself
    assert at_once(1, lambda _number: in_a_transaction()) == [None]
