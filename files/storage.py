"""Storage backends: a local folder or an Azure container, both with signed download URLs.

FILE_STORAGE_PROVIDER selects which of the two is `settings.STORAGES["default"]` (docs/files.md).
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
UPLOAD_FOLDER = "uploads"
DOWNLOAD_SALT = "files.download"
# Raised by a storage that is full, down or not writable.
STORAGE_ERRORS = (OSError, AzureError)


class FileStorage(Protocol):
    """The interface of both storages."""

    provider: str

    def save(self, name: str | None, content: Any, max_length: int | None = None) -> str:
        """Store the content under this key, or a similar one if it is taken, and return the key."""
        ...

    def delete(self, name: str) -> None:
        """Delete a blob if it exists."""
        ...

    def open(self, name: str, mode: str = "rb") -> Any:
        """Open a blob."""
        ...

    def exists(self, name: str) -> bool:
        """Return whether the blob exists."""
        ...

    def signed_url(self, name: str, *, file_id: uuid.UUID, filename: str, content_type: str, inline: bool) -> str:
        """Return a URL that allows reading this one blob until it expires."""
        ...

    def list_blobs(self, folder: str) -> Iterator[tuple[str, datetime]]:
        """Yield the key of each blob in a folder, with the time of its last change."""
        ...

    def chunks(self, name: str, start: int, length: int) -> Iterator[bytes]:
        """Yield `length` bytes of a blob from offset `start`, in chunks."""
        ...


def file_storage() -> FileStorage:
    """Return the storage of uploaded files."""
    return cast(FileStorage, storages["default"])


def new_key(extension: str) -> str:
    """Return a random key. Apart from the extension, it does not depend on the file."""
    key = uuid.uuid4().hex
    return f"{UPLOAD_FOLDER}/{key[:2]}/{key}.{extension}"


class LocalFiles(FileSystemStorage):
    """A folder on this machine. Files are served by signed URLs only."""

    provider = "local"

    def url(self, name: str | None) -> str:
        """Raise ValueError, because local files have no public URL."""
        raise ValueError("Local files have signed URLs only.")

    def signed_url(self, name: str, *, file_id: uuid.UUID, filename: str, content_type: str, inline: bool) -> str:
        """Return a path of this site with a signed token (`files.downloads.file_from_token`)."""
        token = signing.TimestampSigner(salt=DOWNLOAD_SALT).sign_object([file_id.hex, int(inline)])
        return reverse("files:signed", args=[token])

    def list_blobs(self, folder: str) -> Iterator[tuple[str, datetime]]:
        """Yield the key of each file below a folder, with the time of its last change."""
        root = Path(self.location)
        for path in (root / folder).rglob("*"):
            if path.is_file():
                modified = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
                yield path.relative_to(root).as_posix(), modified

    def chunks(self, name: str, start: int, length: int) -> Iterator[bytes]:
        """Yield `length` bytes from offset `start`."""
        with self.open(name) as file:
            file.seek(start)
            while length > 0 and (chunk := file.read(min(CHUNK, length))):
                length -= len(chunk)
                yield chunk


class AzureFiles(AzureStorage):
    """One container of Azure Blob Storage."""

    provider = "azure"

    def _get_service_client(self) -> BlobServiceClient:
        """Return a client that gives up within seconds, because a request waits for it (quality row F08)."""
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
        """Return a SAS URL that only allows reading this blob, over HTTPS only if the account uses it."""
        disposition = content_disposition_header(not inline, filename)
        scheme = urlsplit(self.client.url).scheme
        parameters = {
            "protocol": "https" if scheme == "https" else "https,http",  # the emulator in the tests has no TLS
            "content_disposition": disposition,
            "content_type": content_type,
        }
        return str(self.url(name, expire=settings.FILE_DOWNLOAD_URL_EXPIRE_SECONDS, parameters=parameters))

    def list_blobs(self, folder: str) -> Iterator[tuple[str, datetime]]:
        """Yield the name of each blob below a folder, with the time of its last change."""
        for blob in self.client.list_blobs(name_starts_with=f"{folder}/"):
            yield blob.name, blob.last_modified

    def chunks(self, name: str, start: int, length: int) -> Iterator[bytes]:
        """Yield `length` bytes from offset `start`."""
        if length > 0:
            yield from self.client.get_blob_client(name).download_blob(offset=start, length=length).chunks()
