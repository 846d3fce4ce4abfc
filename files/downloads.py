"""Giving files out: by addresses that carry their own signature, in pieces, with what browsers must be told.

Whatever the bytes are, a browser saves them or shows them without ever running them: attachment, `nosniff`, and a
sandbox without anything (QUALITY F03, F10).
"""

import re
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.core.handlers.asgi import ASGIRequest
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from files.models import File
from files.storage import DOWNLOAD_SALT, STORAGE_ERRORS, the_storage
from files.uploading import storage_error

SANDBOX = "sandbox; default-src 'none'"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_DONE = object()


def signed_url(file: File, *, inline: bool = False) -> str:
    """Return an address for the file's bytes that works for whoever has it, for FILE_DOWNLOAD_URL_EXPIRE_SECONDS.

    `inline` lets a browser show it in place of saving it. Who may have the address is for the caller to know.
    """
    return the_storage().signed_url(
        file.storage_path,
        file_id=file.pk,
        filename=file.original_filename,
        content_type=served_type(file),
        inline=inline,
    )


def file_of(token: str) -> tuple[File, bool]:
    """Return the file that a local address stands for, and whether it may be shown in place.

    Raises PermissionDenied for an address that is altered or too old, Http404 for a file that is gone (QUALITY F02).
    """
    signer = signing.TimestampSigner(salt=DOWNLOAD_SALT)
    try:
        named, inline = signer.unsign_object(token, max_age=settings.FILE_DOWNLOAD_URL_EXPIRE_SECONDS)
    except signing.BadSignature:
        raise PermissionDenied(
            _("This address is not valid any more. Open the file anew where you found it.")
        ) from None
    file = File.objects.filter(pk=uuid.UUID(named)).first()
    if file is None:
        raise Http404
    return file, bool(inline)


def served_type(file: File) -> str:
    """Return the type that a file is served as: texts are plain, whatever they are called."""
    return "text/plain; charset=utf-8" if file.is_text else file.content_type


def as_response(request: HttpRequest, file: File, *, inline: bool) -> HttpResponseBase:
    """Return the file's bytes, or the part that `Range` asks for (206; 416 where there is no such part)."""
    etag = f'"{file.pk.hex}"'
    wanted = request.headers.get("Range", "")
    if request.headers.get("If-Range", etag) != etag:
        wanted = ""
    part = asked_part(wanted, file.file_size)
    if part is None:
        response: HttpResponseBase = HttpResponse(status=416, headers={"Content-Range": f"bytes */{file.file_size}"})
        return _guarded(response, file, inline=True)
    start, length = part
    response = StreamingHttpResponse(_pieces(request, file, start, length), content_type=served_type(file))
    response["Content-Length"] = str(length)
    response["ETag"] = etag
    if asked_part("", file.file_size) != part or _RANGE.fullmatch(wanted):
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{start + length - 1}/{file.file_size}"
    return _guarded(response, file, inline=inline)


def asked_part(header: str, size: int) -> tuple[int, int] | None:
    """Return the first byte and the number of bytes that a `Range` header asks of a file; all of it where the header
    is absent or of another form; None where the file has no such part (RFC 9110, section 14)."""
    found = _RANGE.fullmatch(header.replace(" ", ""))
    if found is None or found.groups() == ("", ""):
        return 0, size
    first, last = found.groups()
    if not first:
        length = min(int(last[:19]), size)
        return (size - length, length) if length else None
    start = int(first[:19])
    end = min(int(last[:19]), size - 1) if last else size - 1
    return (start, end - start + 1) if start <= end else None


def _pieces(request: HttpRequest, file: File, start: int, length: int) -> Iterator[bytes] | AsyncIterator[bytes]:
    """Return the bytes a piece at a time, in the way that the server takes without gathering them (QUALITY F10).

    The first piece is fetched here, so that a storage that is down is an error and no torn answer.
    """
    pieces = the_storage().chunks(file.storage_path, start, length)
    try:
        first = next(pieces, b"")
    except FileNotFoundError:
        raise Http404 from None
    except STORAGE_ERRORS as error:
        raise storage_error(error) from error
    if isinstance(request, ASGIRequest):
        return _awaited(first, pieces)
    return _chained(first, pieces)


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


async def _awaited(first: bytes, rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    fetch: Any = sync_to_async(next, thread_sensitive=False)
    while (piece := await fetch(rest, _DONE)) is not _DONE:
        yield piece


def _guarded(response: HttpResponseBase, file: File, *, inline: bool) -> HttpResponseBase:
    """Tell the browser to save the file, or at most to look at it."""
    response["Content-Disposition"] = content_disposition_header(not inline, file.original_filename) or "attachment"
    response["Accept-Ranges"] = "bytes"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SANDBOX
    response["Cache-Control"] = "private, no-cache"
    return response
