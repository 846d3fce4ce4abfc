"""Both storages, for the tests that must hold on either."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.storage import storages

from files.storage import FileStorage, the_storage
from lms.testing.azurite import CONTAINER, azurite


@pytest.fixture(scope="session")
def azurite_connection() -> Iterator[str]:
    """The connection string of an Azurite that serves this process's tests."""
    with azurite() as connection:
        yield connection


def use_azure(settings: Any, connection: str) -> None:
    """Make an Azure container the site's storage for one test."""
    settings.FILE_STORAGE_PROVIDER = "azure"
    options = {"connection_string": connection, "azure_container": CONTAINER, "overwrite_files": False}
    backend = {"BACKEND": "files.storage.AzureFiles", "OPTIONS": options}
    settings.STORAGES = {**settings.STORAGES, "default": backend}


@pytest.fixture(params=["local", "azure"])
def storage(request: Any, settings: Any) -> Iterator[FileStorage]:
    """The site's storage: a folder, then a container; empty."""
    if request.param == "azure":
        use_azure(settings, request.getfixturevalue("azurite_connection"))
    found = the_storage()
    assert found.provider == request.param
    yield found
    for folder in ("uploads", "pictures"):
        for name, _written in list(found.stored(folder)):
            found.delete(name)
    storages._storages.pop("default", None)
