"""What happens while an upload arrives: it is counted, and what is too much is not read to its end (QUALITY F05, F09).

A view that takes files says how much by `takes_uploads`; any other takes a little. Nobody but who is signed in uploads
to such a view, and no more than their quota leaves. A refusal is kept on the request and raised by `received`: so a
page can show it beside its form.
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

from files.errors import FileError
from files.kinds import MB, too_large
from files.models import File, FileQuerySet
from lms.lib.errors import DomainError, error_body

QUOTA = 2 * 1024 * MB
ENVELOPE = 256 * 1024  # what a multipart body weighs beside its files

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Allowance:
    """How much one request may bring: bytes of one file, and of all of them."""

    file: int
    all_files: int


ANYWHERE_ELSE = Allowance(6 * MB, 6 * MB)


def takes_uploads(*, file: int, all_files: int | None = None) -> Callable[[View], View]:
    """Let a view take files of up to `file` bytes each; it must be the very callable that stands in the URL conf."""

    def mark(view: View) -> View:
        view.allowance = Allowance(file, all_files or file)  # type: ignore[attr-defined]  # read by the handler below
        return view

    return mark


def quota_left(user: Any) -> int:
    """Return how many bytes more `user` may keep here. One query."""
    return QUOTA - FileQuerySet(File).bytes_of(user)


def quota_exceeded() -> FileError:
    """Return the error for somebody whose space is used up."""
    said = _("Your files would take more than the %d GB that you may keep here. Delete some first.")
    return FileError("quota_exceeded", said % (QUOTA // (1024 * MB)), status=413)


class CountingHandler(FileUploadHandler):
    """Counts what arrives, and stops reading at the first byte too many. It stores nothing itself."""

    def handle_raw_input(self, input_data: Any, META: Any, content_length: int, *args: Any, **kwargs: Any) -> None:  # noqa: N803  # Django's name
        """Note how much is announced; the form's other fields are still read."""
        self.announced = content_length
        self.total = 0
        match = getattr(self.request, "resolver_match", None)
        self.allowance = getattr(match and match.func, "allowance", ANYWHERE_ELSE)
        self.left: int | None = None

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Refuse before the first byte what is announced as too much, or comes from nobody."""
        super().new_file(*args, **kwargs)
        self.in_file = 0
        if self.allowance is not ANYWHERE_ELSE:
            self._ask_who()
        if self.announced > self.allowance.all_files + ENVELOPE:
            self._refuse(too_large(self.allowance.file))

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        """Count a piece and pass it on."""
        self.in_file += len(raw_data)
        self.total += len(raw_data)
        if self.in_file > self.allowance.file or self.total > self.allowance.all_files:
            error = too_large(self.allowance.file)
            error.filename = self.file_name or ""
            self._refuse(error)
        if self.left is not None and self.total > self.left:
            self._refuse(quota_exceeded())
        return raw_data

    def file_complete(self, file_size: int) -> None:
        """Leave the file to the handlers that keep it."""
        return

    def _ask_who(self) -> None:
        user = getattr(self.request, "user", None)
        if user is None or not user.is_authenticated:
            self._refuse(FileError("not_authenticated", _("Sign in to upload files."), status=401))
        elif self.left is None:
            self.left = quota_left(user)

    def _refuse(self, error: FileError) -> None:
        stop(self.request, error)


class SpoolingHandler(TemporaryFileUploadHandler):
    """Django's handler for large files, which says so when this machine has no room for another (QUALITY F08)."""

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Open the temporary file."""
        try:
            super().new_file(*args, **kwargs)
        except OSError as error:
            stop(self.request, storage_error(error))

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a piece to the temporary file."""
        try:
            super().receive_data_chunk(raw_data, start)
        except OSError as error:
            stop(self.request, storage_error(error))


def storage_error(error: Exception) -> FileError:
    """Return the error for a storage that is full (507) or down (503)."""
    if getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return FileError("storage_full", _("There is no room for this file. Tell the site's staff."), status=507)
    said = _("Files cannot be stored at the moment. Nothing else is affected; try again in a minute.")
    return FileError("storage_unavailable", said, status=503, retry_after=60)


def stop(request: Any, error: FileError) -> None:
    """Keep why an upload was refused, and stop reading it."""
    request.upload_refused = error
    raise StopUpload(connection_reset=True)


def form_errors_body(form: BaseForm) -> dict[str, Any]:
    """Return a form's errors in the shape of an error answer, for the script that uploads (API.md, "Errors")."""
    errors = [
        {"code": one["code"] or "invalid", "detail": one["message"], "attr": None if name == "__all__" else name}
        for name, found in form.errors.get_json_data().items()
        for one in found
    ]
    return {"type": "validation_error", "errors": errors}


def upload_refused(request: HttpRequest, error: DomainError, address: str) -> HttpResponse:
    """Return the error to the script that uploads, which keeps the chosen file; else show it at this address."""
    detail = error.named_detail if isinstance(error, FileError) else str(error.detail)
    if request.headers.get("Accept") == "application/json":
        return JsonResponse(error_body("client_error", error.code, detail, attr="file"), status=error.status)
    messages.error(request, detail)
    return redirect(address)


def received(request: Any, name: str = "file") -> list[UploadedFile]:
    """Return the files that came under this name; raise the FileError of an upload that was not read to its end."""
    files = request.FILES.getlist(name)
    refused: FileError | None = getattr(request, "upload_refused", None)
    if refused is not None:
        raise refused
    return [file for file in files if isinstance(file, UploadedFile)]
