"""A world that is made once for all the tests of a module, each of which finds it as it was made.

Its rows stand in a transaction around the tests' own, which Django takes back after each of them; its files are copied
into the folder of each test that asks for them. A test with transactions of its own (`transaction=True`) belongs in
another module, for it would wait for this transaction, or empty the database under the others.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.test import override_settings

T = TypeVar("T")


@dataclass(frozen=True)
class Lasting(Generic[T]):
    """What was made, and the folder with its files."""

    made: T
    files: Path

    def lay_out_files(self) -> None:
        """Copy the world's files to where the test that runs keeps its own."""
        shutil.copytree(self.files, settings.MEDIA_ROOT, dirs_exist_ok=True)


@contextmanager
def around_tests() -> Iterator[None]:
    """A transaction that tests with transactions may run within, and that is taken back."""
    outer = transaction.atomic()
    outer._from_testcase = True  # a durable block within is as durable as in any test
    with outer:
        yield
        transaction.set_rollback(True)


@contextmanager
def undone() -> Iterator[None]:
    """Take back whatever is written in the block: one example of many, say, which the next must not meet."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def lasting(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Callable[[], T]], Lasting[T]]]:
    """Return a function that makes a world which lasts until the module's tests have run, by calling what makes it."""
    with django_db_blocker.unblock():
        assert not connection.in_atomic_block, "Ask for it before `db`: the test's transaction stands within this one."
        transaction_of_module = around_tests()
        transaction_of_module.__enter__()

    def make(world: Callable[[], T]) -> Lasting[T]:
        files = tmp_path_factory.mktemp("lasting")
        with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=files, MAIL_DIR=files.parent / "mail"):
            made = world()
            cache.clear()
        return Lasting(made, files)

    yield make
    with django_db_blocker.unblock():
        transaction_of_module.__exit__(None, None, None)
