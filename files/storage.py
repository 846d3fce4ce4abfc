"""Where the bytes lie: a local folder, or an Azure container. Both give out addresses that carry their own signature.

`settings.STORAGES["default"]` is one of the two, chosen by FILE_STORAGE_PROVIDER (docs/files.md).
"""

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from azure.core.exceptions import AzureError
from azure.storage.blob import BlobServiceClient
from django.conf import settings
from django.core import signing
from django.core.files.storage import FileSystemStorage, storages
from django.urls import reverse
from django.utils.http import content_disposition_header
from storages.backends.azure_storage import AzureStorage

CHUNK = 256 * 1024
UPLOADS = "uploads"
DOWNLOAD_SALT = "files.download"
# What a storage raises that is full, down or not ours to write to.
STORAGE_ERRORS = (OSError, AzureError)


class FileStorage(Protocol):
    """What both storages can do beside Django's own."""

    provider: str

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        """Store the content under this key, or one near it; return the key."""
        ...

    def delete(self, name: str) -> None:
        """Delete a blob; nothing happens when there is none."""
        ...

    def open(self, name: str, mode: str = "rb") -> Any:
        """Open a blob."""
        ...

    def exists(self, name: str) -> bool:
        """Return whether there is such a blob."""
        ...

    def signed_url(self, name: str, *, file_id: uuid.UUID, filename: str, content_type: str, inline: bool) -> str:
        """Return an address that gives out this one blob, to be read, until it expires."""
        ...

    def stored(self, folder: str) -> Iterator[tuple[str, datetime]]:
        """Yield each blob of a folder with the time at which it was written."""
        ...

    def chunks(self, name: str, start: int, length: int) -> Iterator[bytes]:
        """Yield `length` bytes of a blob from `start` on, a piece at a time."""
        ...


def the_storage() -> FileStorage:
    """Return the storage of this site."""
    return cast(FileStorage, storages["default"])


def new_key(extension: str) -> str:
    """Return a key that nothing lies under, and that says nothing but the ending."""
    key = uuid.uuid4().hex
    return f"{UPLOADS}/{key[:2]}/{key}.{extension}"


class LocalFiles(FileSystemStorage):
    """A folder of this machine. It is served by no address of its own: only a signed one leads to a file."""

    provider = "local"

    def url(self, name: str | None) -> str:
        """Refuse: a file has no address that works for everybody."""
        raise ValueError("Local files have signed addresses alone.")

    def signed_url(self, name: str, *, file_id: uuid.UUID, filename: str, content_type: str, inline: bool) -> str:
        """Return an opaque path of this site; `files.downloads` reads it back."""
        token = signing.TimestampSigner(salt=DOWNLOAD_SALT).sign_object([file_id.hex, int(inline)])
        return reverse("files:signed", args=[token])

    def stored(self, folder: str) -> Iterator[tuple[str, datetime]]:
        """Yield each file below a folder with the time at which it was written."""
        root = Path(self.location)
        for path in (root / folder).rglob("*"):
            if path.is_file():
                written = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
                yield path.relative_to(root).as_posix(), written

    def chunks(self, name: str, start: int, length: int) -> Iterator[bytes]:
        """Yield `length` bytes from `start` on."""
        with self.open(name) as file:
            file.seek(start)
            while length > 0 and (piece := file.read(min(CHUNK, length))):
                length -= len(piece)
                yield piece


class AzureFiles(AzureStorage):
    """One container of Azure Blob Storage."""

    provider = "azure"

    def _get_service_client(self) -> BlobServiceClient:
        """Return a client that gives up within seconds: a request waits for it (QUALITY F08)."""
        return BlobServiceClient.from_connection_string(
            self.connection_string,
            retry_total=2,
            retry_connect=1,
            initial_backoff=1,
            increment_base=1,
            connection_timeout=5,
            read_timeout=60,
        )

    def signed_url(self, name: str, *, file_id: uuid.UUID, filename: str, content_type: str, inline: bool) -> str:
        """Return a SAS address: this blob alone, reading alone, over HTTPS alone where the account has it."""
        disposition = content_disposition_header(not inline, filename)
        scheme = urlsplit(self.client.url).scheme
        parameters = {
            "protocol": "https" if scheme == "https" else "https,http",  # the emulator of the tests has no TLS
            "content_disposition": disposition,
            "content_type": content_type,
        }
        return str(self.url(name, expire=settings.FILE_DOWNLOAD_URL_EXPIRE_SECONDS, parameters=parameters))

    def stored(self, folder: str) -> Iterator[tuple[str, datetime]]:
        """Yield each blob below a folder with the time at which it was written."""
        for blob in self.client.list_blobs(name_starts_with=f"{folder}/"):
            yield blob.name, blob.last_modified

    def chunks(self, name: str, start: int, length: int) -> Iterator[bytes]:
        """Yield `length` bytes from `start` on."""
        if length > 0:
            yield from self.client.get_blob_client(name).download_blob(offset=start, length=length).chunks()
