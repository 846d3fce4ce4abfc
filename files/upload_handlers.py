"""Size limits and quotas, enforced while an upload arrives (quality rows F05, F09).

A view that accepts files declares its limit with `accepts_uploads` and requires a logged-in user, whose remaining quota
applies; all other views accept up to 6 MB. Reading stops at the limit. The error is stored on the request and raised by
`received_files`, so that a page can show it next to its form.
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload, TemporaryFileUploadHandler
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from core.http.errors import DomainError, error_body
from files.errors import FileError
from files.file_types import MB, too_large
from files.models import File, FileQuerySet

QUOTA = 2 * 1024 * MB
MULTIPART_OVERHEAD = 256 * 1024  # bytes of a multipart body beside its files

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Allowance:
    """The limits of one request in bytes: for each file, and for all files together."""

    file: int
    all_files: int


DEFAULT_ALLOWANCE = Allowance(6 * MB, 6 * MB)


def accepts_uploads(*, file: int, all_files: int | None = None) -> Callable[[View], View]:
    """Let a view accept files of up to `file` bytes each. Decorate the callable that is passed to `path()`."""

    def mark(view: View) -> View:
        view.allowance = Allowance(file, all_files or file)  # type: ignore[attr-defined]  # read by the handler below
        return view

    return mark


def quota_left(user: Any) -> int:
    """Return how many more bytes `user` may store. One query."""
    return QUOTA - FileQuerySet(File).total_size(user)


def quota_exceeded() -> FileError:
    """Return the error for an upload that exceeds the user's quota."""
    detail = _("You have reached your storage limit of %d GB. Delete some files and try again.")
    return FileError("quota_exceeded", detail % (QUOTA // (1024 * MB)), status=413)


class CountingHandler(FileUploadHandler):
    """Stops reading at the first byte over a limit. The following handlers store the files."""

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *args: Any, **kwargs: Any) -> None:  # noqa: N803  # Django's name
        """Remember the announced length. It is checked with the first file, after the fields before it are parsed."""
        self.body_length = content_length
        self.total = 0
        match = getattr(self.request, "resolver_match", None)
        self.allowance = getattr(match and match.func, "allowance", DEFAULT_ALLOWANCE)
        self.quota_left: int | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Stop before the first byte if the announced length is over the limit or the user is anonymous."""
        super().new_file(*args, **kwargs)
        self.in_file = 0
        if self.allowance is not DEFAULT_ALLOWANCE:
            self._require_user()
        if self.body_length > self.allowance.all_files + MULTIPART_OVERHEAD:
            self._stop(too_large(self.allowance.file))

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Count the bytes and return them for the next handler."""
        self.in_file += len(raw_data)
        self.total += len(raw_data)
        if self.in_file > self.allowance.file or self.total > self.allowance.all_files:
            error = too_large(self.allowance.file)
            error.filename = self.file_name or ""
            self._stop(error)
        if self.quota_left is not None and self.total > self.quota_left:
            self._stop(quota_exceeded())
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Return None, so that the next handler provides the file."""
        return

    def _require_user(self) -> None:
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            self._stop(FileError("not_authenticated", _("Log in to upload files."), status=401))
        elif self.quota_left is None:
            self.quota_left = quota_left(user)

    def _stop(self, error: FileError) -> None:
        stop_upload(self.request, error)


class SpoolingHandler(TemporaryFileUploadHandler):
    """Django's handler for large files, with an error if the temporary folder is full (quality row F08)."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().new_file(*args, **kwargs)
        except OSError as error:
            stop_upload(self.request, storage_error(error))

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError as error:
            stop_upload(self.request, storage_error(error))


def storage_error(error: Exception) -> FileError:
    """Return the error for a storage that is full (507 `storage_full`) or down (503 `storage_unavailable`)."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return FileError("storage_full", _("The storage is full. Contact support."), status=507)
    detail = _("File storage is temporarily unavailable. Try again in a minute.")
    return FileError("storage_unavailable", detail, status=503, retry_after=60)


def stop_upload(request: Any, error: FileError) -> None:
    """Store the error on the request, where `received_files` raises it, and stop reading the body."""
    request.upload_error = error
    raise StopUpload(connection_reset=True)


def form_errors_body(form: BaseForm) -> dict[str, Any]:
    """Return a form's errors in the one error shape, for the upload script (docs/api-contract.md, "Errors")."""
    errors = [
        {"code": one["code"] or "invalid", "detail": one["message"], "attr": None if name == "__all__" else name}
        for name, found in form.errors.get_json_data().items()
        for one in found
    ]
    return {"type": "validation_error", "errors": errors}


def upload_refused(request: HttpRequest, error: DomainError, address: str) -> HttpResponse:
    """Return the error as JSON to the upload script, which keeps the chosen file; otherwise show it at `address`."""
    detail = error.named_detail if isinstance(error, FileError) else str(error.detail)
    if request.headers.get("Accept") == "application/json":
        return JsonResponse(error_body("client_error", error.code, detail, attr="file"), status=error.status)
    messages.error(request, detail)
    return redirect(address)


def received_files(request: Any, name: str = "file") -> list[UploadedFile]:
    """Return the uploaded files of a form field. Raises the FileError of an upload that was stopped.

    `request` is a Django or a DRF request.
    """
    files = request.FILES.getlist(name)
    error: FileError | None = getattr(request, "upload_error", None)
    if error is not None:
        raise error
    return [file for file in files if isinstance(file, UploadedFile)]
