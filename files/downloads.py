"""Serving of file contents by signed URLs, with byte ranges and safe response headers.

Browsers save a file or display it without running it: responses carry `attachment`, `nosniff` and a sandbox without
permissions (quality rows F03, F10).
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
from files.storage import DOWNLOAD_SALT, STORAGE_ERRORS, file_storage
from files.upload_handlers import storage_error

SANDBOX = "sandbox; default-src 'none'"
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_EXHAUSTED = object()


def signed_url(file: File, *, inline: bool = False) -> str:
    """Return a URL of the file's content that works for anyone for FILE_DOWNLOAD_URL_EXPIRE_SECONDS.

    With `inline`, a browser displays the file instead of saving it. The caller checks who may have the URL.
    """
    return file_storage().signed_url(
        file.storage_path,
        file_id=file.pk,
        filename=file.original_filename,
        content_type=served_type(file),
        inline=inline,
    )


def file_from_token(token: str) -> tuple[File, bool]:
    """Return the file of a local signed URL, and whether it may be displayed inline.

    Raises PermissionDenied for a token that is altered or expired, Http404 for a deleted file (quality row F02).
    """
    signer = signing.TimestampSigner(salt=DOWNLOAD_SALT)
    try:
        file_id, inline = signer.unsign_object(token, max_age=settings.FILE_DOWNLOAD_URL_EXPIRE_SECONDS)
    except signing.BadSignature:
        raise PermissionDenied(
            _("This link has expired. Open the file again from the page that links to it.")
        ) from None
    file = File.objects.filter(pk=uuid.UUID(file_id)).first()
    if file is None:
        raise Http404
    return file, bool(inline)


def served_type(file: File) -> str:
    """Return the content type that a file is served with: every text is plain text, whatever its extension."""
    return "text/plain; charset=utf-8" if file.is_text else file.content_type


def file_response(request: HttpRequest, file: File, *, inline: bool) -> HttpResponseBase:
    """Return the file's bytes, or the part that `Range` requests (206; 416 if the file has no such part)."""
    etag = f'"{file.pk.hex}"'
    range_header = request.headers.get("Range", "")
    if request.headers.get("If-Range", etag) != etag:
        range_header = ""
    part = parse_range(range_header, file.file_size)
    if part is None:
        response: HttpResponseBase = HttpResponse(status=416, headers={"Content-Range": f"bytes */{file.file_size}"})
        return _add_headers(response, file, inline=True)
    start, length = part
    response = StreamingHttpResponse(_chunks(request, file, start, length), content_type=served_type(file))
    response["Content-Length"] = str(length)
    response["ETag"] = etag
    if parse_range("", file.file_size) != part or _RANGE.fullmatch(range_header):
        response.status_code = 206
        response["Content-Range"] = f"bytes {start}-{start + length - 1}/{file.file_size}"
    return _add_headers(response, file, inline=inline)


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first byte and the number of bytes that a `Range` header requests (RFC 9110, section 14).

    An absent header, several ranges or another unit mean the whole file. Returns None if the file has no such part.
    """
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if match is None or match.groups() == ("", ""):
        return 0, size
    first, last = match.groups()
    if not first:
        length = min(int(last[:19]), size)
        return (size - length, length) if length else None
    start = int(first[:19])
    end = min(int(last[:19]), size - 1) if last else size - 1
    return (start, end - start + 1) if start <= end else None


def _chunks(request: HttpRequest, file: File, start: int, length: int) -> Iterator[bytes] | AsyncIterator[bytes]:
    """Return the bytes as an iterator of the kind that the server streams without buffering (quality row F10).

    The first chunk is read here, so that a storage that is down results in an error and not in a truncated response.
    """
    chunks = file_storage().chunks(file.storage_path, start, length)
    try:
        first = next(chunks, b"")
    except FileNotFoundError:
        raise Http404 from None
    except STORAGE_ERRORS as error:
        raise storage_error(error) from error
    if isinstance(request, ASGIRequest):
        return _chain_async(first, chunks)
    return _chain(first, chunks)


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


async def _chain_async(first: bytes, rest: Iterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    read_next: Any = sync_to_async(next, thread_sensitive=False)
    while (chunk := await read_next(rest, _EXHAUSTED)) is not _EXHAUSTED:
        yield chunk


def _add_headers(response: HttpResponseBase, file: File, *, inline: bool) -> HttpResponseBase:
    """Add the headers that make browsers save the file, or display it without running scripts."""
    response["Content-Disposition"] = content_disposition_header(not inline, file.original_filename) or "attachment"
    response["Accept-Ranges"] = "bytes"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SANDBOX
    response["Cache-Control"] = "private, no-cache"
    return response
