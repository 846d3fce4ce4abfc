"""Request bodies, limited and of known length under every server (quality rows F05, V03).

Django trusts `Content-Length`. A chunked body has none, so that Django takes it for empty under WSGI, as do its
multipart parser and Django REST framework under ASGI, and a view cannot check a limit before it reads.
"""

import io
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Iterator
from http import HTTPStatus
from typing import IO, Any

from django.conf import settings
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import JsonResponse

from core.http.errors import error_body

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

PIECE = 64 * 1024
DETAILS = {
    HTTPStatus.LENGTH_REQUIRED: ("length_required", "Send the body with a Content-Length."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("too_large", "The body is too large."),
}


class _BodyTooLargeError(Exception):
    """The body is longer than the limit."""


class BodyLimit:
    """An ASGI application that answers 413 to a body of more than `most` bytes, announced or not (quality row F05)."""

    def __init__(self, app: Any, most: int) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application and count the bytes that it receives."""
        if self._announced(scope) > self.most:
            await self._refuse(send)
            return
        read = 0

        async def counted() -> dict[str, Any]:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.most:
                raise _BodyTooLargeError
            return message

        try:
            await self.app(scope, counted, send)
        except _BodyTooLargeError:
            await self._refuse(send)

    def _announced(self, scope: Scope) -> int:
        named = dict(scope["headers"]).get(b"content-length", b"0")
        return int(named) if named.isdigit() else 0

    async def _refuse(self, send: Send) -> None:
        status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": _error(status)})


class SizedRequest(ASGIRequest):
    """An ASGI request whose `CONTENT_LENGTH` is the length of the body that arrived, chunked or not."""

    def __init__(self, scope: Scope, body_file: IO[bytes]) -> None:
        super().__init__(scope, body_file)
        length = body_file.seek(0, io.SEEK_END)
        body_file.seek(0)
        if length or "CONTENT_LENGTH" in self.META:
            self.META["CONTENT_LENGTH"] = str(length)


class SizedBodyHandler(ASGIHandler):
    """Django's ASGI handler, with the length of chunked bodies."""

    request_class = SizedRequest


class ChunkedBodies:
    """A WSGI application that reads chunked bodies into a temporary file, so that `app` gets them with their length.

    A body beyond `most` bytes is 413, as is one beyond `DATA_UPLOAD_MAX_MEMORY_SIZE` that is no upload. From a server
    that does not mark the end of `wsgi.input` such a body cannot be read: 411. Bodies with `Content-Length` are passed
    on unread.
    """

    def __init__(self, app: Any, most: int) -> None:
        self.app = app
        self.most = most

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if "HTTP_TRANSFER_ENCODING" not in environ:
            answer: Iterable[bytes] = self.app(environ, start_response)
            return answer
        if not environ.get("wsgi.input_terminated"):
            return _refuse(start_response, HTTPStatus.LENGTH_REQUIRED)
        body = tempfile.SpooledTemporaryFile(settings.FILE_UPLOAD_MAX_MEMORY_SIZE)  # noqa: SIM115  # closed with the answer
        try:
            length = _copy(environ["wsgi.input"], body, self._limit(environ))
        except _BodyTooLargeError:
            body.close()
            return _refuse(start_response, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        del environ["HTTP_TRANSFER_ENCODING"]  # decoded here (RFC 9112, 7.1.3)
        environ.update({"wsgi.input": body, "CONTENT_LENGTH": str(length)})
        return _ClosingAnswer(self.app(environ, start_response), body)

    def _limit(self, environ: dict[str, Any]) -> int:
        is_upload = environ.get("CONTENT_TYPE", "").lower().startswith("multipart/form-data")
        return self.most if is_upload else min(self.most, settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


class _ClosingAnswer:
    """A WSGI answer that closes the request's body when the server closes it."""

    def __init__(self, answer: Any, body: IO[bytes]) -> None:
        self.answer = answer
        self.body = body

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.answer)

    def close(self) -> None:
        self.body.close()
        if hasattr(self.answer, "close"):
            self.answer.close()


def _copy(source: Any, target: IO[bytes], most: int) -> int:
    """Copy `source` to the beginning of `target`; return the bytes copied. Raise _BodyTooLargeError beyond `most`."""
    length = 0
    while piece := source.read(PIECE):
        length += len(piece)
        if length > most:
            raise _BodyTooLargeError
        target.write(piece)
    target.seek(0)
    return length


def _refuse(start_response: Callable[..., Any], status: HTTPStatus) -> list[bytes]:
    content = _error(status)
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(content))), ("Connection", "close")]
    start_response(f"{status.value} {status.phrase}", headers)
    return [content]


def _error(status: HTTPStatus) -> bytes:
    """Return the body of the error, in the one shape."""
    code, detail = DETAILS[status]
    return JsonResponse(error_body("client_error", code, detail)).content
