"""Rows that are created once for all tests of a module: `setUpTestData` for modules of plain pytest functions.

The rows are created in a transaction around the tests' own transactions and are rolled back after the last test of the
module. Files are created in a folder of the module and copied into the media folder of each test that asks for them.

A test with `transaction=True` must not be in such a module: it would wait for this transaction, or flush the database
while other tests still need the rows.
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
from django.test import TestCase, override_settings

T = TypeVar("T")


class ModuleTransaction(TestCase):
    """The transaction of a module, opened by `setUpClass()` and rolled back by `tearDownClass()`.

    Django marks it as a test's transaction, so code with `atomic(durable=True)` runs within it.
    """


@dataclass(frozen=True)
class ModuleData(Generic[T]):
    """The created objects, and the folder with their files."""

    objects: T
    files: Path

    def copy_files(self) -> None:
        """Copy the module's files into the media folder of the running test."""
        shutil.copytree(self.files, settings.MEDIA_ROOT, dirs_exist_ok=True)


@contextmanager
def rolled_back() -> Iterator[None]:
    """Roll back every write of the block, for example of one case in a loop over many cases."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture(scope="module")
def module_data(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[Callable[[], T]], ModuleData[T]]]:
    """Return a function that calls `create` and returns its result as the data of this module."""
    with django_db_blocker.unblock():
        assert not connection.in_atomic_block, "Request this fixture before `db`, whose transaction must be inside."
        ModuleTransaction.setUpClass()

    def make(create: Callable[[], T]) -> ModuleData[T]:
        files = tmp_path_factory.mktemp("module_data")
        with django_db_blocker.unblock(), override_settings(MEDIA_ROOT=files, MAIL_DIR=files.parent / "mail"):
            objects = create()
            cache.clear()
        return ModuleData(objects, files)

    yield make
    with django_db_blocker.unblock():
        ModuleTransaction.tearDownClass()
        ModuleTransaction.doClassCleanups()
