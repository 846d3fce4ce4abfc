"""Connections to SQLite stay open for the next who needs one, and carry nothing over."""

import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from django.db.utils import ConnectionHandler, OperationalError
from django.test.utils import CaptureQueriesContext

from lms.lib import configuration
from lms.lib.sqlite.base import DatabaseWrapper
from lms.lib.sqlite.idle import MOST_IDLE, idle_connections

pytestmark = pytest.mark.django_db


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "db.sqlite3"


@pytest.fixture
def database(path: Path) -> DatabaseWrapper:
    """A connection of a thread to a database with a table of numbers."""
    wrapper = wrapped(path)
    with wrapper.cursor() as cursor:
        cursor.execute("CREATE TABLE number (value integer)")
        cursor.execute("INSERT INTO number VALUES (1), (2), (3)")
    return wrapper


def wrapped(path: Path) -> DatabaseWrapper:
    """What another thread has: Django's wrapper with the shipped settings, around no connection yet."""
    settings = configuration.embedded_database(str(path), path.parent)
    wrapper: Any = ConnectionHandler({"default": settings})["default"]
    return wrapper


def numbers(wrapper: DatabaseWrapper) -> list[int]:
    with wrapper.cursor() as cursor:
        return [value for (value,) in cursor.execute("SELECT value FROM number ORDER BY value").fetchall()]


def test_the_next_thread_goes_on_with_the_connection_of_the_last(database: DatabaseWrapper, path: Path) -> None:
    raw = database.connection
    database.close()
    another = wrapped(path)
    assert numbers(another) == [1, 2, 3]
    assert another.connection is raw


def test_two_at_once_have_a_connection_each(database: DatabaseWrapper, path: Path) -> None:
    another = wrapped(path)
    another.ensure_connection()
    assert another.connection is not database.connection


def test_a_crowd_leaves_only_so_many_open(database: DatabaseWrapper, path: Path) -> None:
    crowd = [wrapped(path) for _one in range(MOST_IDLE + 5)]
    for one in crowd:
        one.ensure_connection()
    for one in crowd:
        one.close()
    assert len(idle_connections(str(path))._stack) == MOST_IDLE


def test_foreign_keys_are_looked_at_again_whoever_had_the_connection(database: DatabaseWrapper, path: Path) -> None:
    database.disable_constraint_checking()
    database.close()
    with wrapped(path).cursor() as cursor:
        assert cursor.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_what_was_not_read_to_its_end_does_not_hide_what_is_new(database: DatabaseWrapper, path: Path) -> None:
    unread = database.cursor()
    unread.execute("SELECT value FROM number ORDER BY value").fetchone()
    database.close()
    with sqlite3.connect(path) as stranger:
        stranger.execute("INSERT INTO number VALUES (4)")
    assert numbers(database) == [1, 2, 3, 4]


def test_an_open_transaction_is_undone_and_not_passed_on(database: DatabaseWrapper, path: Path) -> None:
    raw = database.connection
    with database.cursor() as cursor:
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute("DELETE FROM number")
    database.close()
    another = wrapped(path)
    assert numbers(another) == [1, 2, 3]
    assert another.connection is not raw


def test_a_connection_that_met_an_error_is_closed(database: DatabaseWrapper, path: Path) -> None:
    raw = database.connection
    with pytest.raises(OperationalError), database.cursor() as cursor:
        cursor.execute("SELECT * FROM nothing")
    database.close_if_unusable_or_obsolete()  # as at the end of a request
    database.close()
    another = wrapped(path)
    assert numbers(another) == [1, 2, 3]
    assert another.connection is not raw


def test_a_file_in_the_place_of_another_is_opened_anew(database: DatabaseWrapper, path: Path) -> None:
    database.close()
    path.unlink()
    another = wrapped(path)
    with another.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)


def test_a_child_process_leaves_its_parents_connections_alone(database: DatabaseWrapper, path: Path) -> None:
    database.close()
    if not (child := os.fork()):
        os._exit(len(idle_connections(str(path))._stack))
    _pid, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert len(idle_connections(str(path))._stack) == 1


def test_statements_are_kept_for_those_who_count_them_alone(database: DatabaseWrapper, settings: Any) -> None:
    settings.DEBUG = True
    numbers(database)
    assert not database.queries
    with CaptureQueriesContext(database) as captured:
        numbers(database)
    assert len(captured) == 1


def test_a_database_in_memory_lives_as_long_as_its_wrapper() -> None:
    wrapper: Any = ConnectionHandler({"default": {"ENGINE": "lms.lib.sqlite", "NAME": ":memory:"}})["default"]
    with wrapper.cursor() as cursor:
        cursor.execute("CREATE TABLE number (value integer)")
        cursor.execute("INSERT INTO number VALUES (7)")
    wrapper.close()
    assert numbers(wrapper) == [7]
