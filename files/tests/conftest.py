"""Fixtures for tests that run on both storages."""

from collections.abc import Iterator
from typing import Any

import pytest

from files.storage import FileStorage, file_storage
from tools.testing.azurite import CONTAINER, run_azurite


@pytest.fixture(scope="session")
def azurite_connection() -> Iterator[str]:
    """Return the connection string of an Azurite that serves the tests of this process."""
    with run_azurite() as connection:
        yield connection


def use_azure(settings: Any, connection: str) -> None:
    """Make an Azure container the site's storage for one test."""
    settings.FILE_STORAGE_PROVIDER = "azure"
    options = {"connection_string": connection, "azure_container": CONTAINER, "overwrite_files": False}
    backend = {"BACKEND": "files.storage.AzureFiles", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": backend}


@pytest.fixture(params=["local", "azure"])
def storage(request: Any, settings: Any) -> Iterator[FileStorage]:
    """Run the test with each storage, empty: a local folder and an Azure container."""
    if request.param == "azure":
        use_azure(settings, request.getfixturevalue("azurite_connection"))
    backend = file_storage()
    assert backend.provider == request.param
    yield backend
    for folder in ("uploads", "pictures"):
        for name, _modified in list(backend.list_blobs(folder)):
            backend.delete(name)
