"""The largest body that is read at all: Django reads a body whole before any view of an ASGI server sees it."""

from collections.abc import Awaitable, Callable
from typing import Any

from django.http import JsonResponse

from lms.lib.errors import error_body

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class _TooMuchError(Exception):
    """More has arrived than is read."""


class LargestBody:
    """An ASGI application that answers 413 as soon as a body is, or says that it is, longer than `most` bytes; with
    `Content-Length` or without (QUALITY F05)."""

    def __init__(self, app: Any, most: int) -> None:
        self.app = app
        self.most = most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and count what it reads."""
        if self._announced(scope) > self.most:
            await self._refuse(send)
            return
        read = 0

        async def counted() -> dict[str, Any]:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self.most:
                raise _TooMuchError
            return message

        try:
            await self.app(scope, counted, send)
        except _TooMuchError:
            await self._refuse(send)

    def _announced(self, scope: Scope) -> int:
        named = dict(scope["headers"]).get(b"content-length", b"0")
        return int(named) if named.isdigit() else 0

    async def _refuse(self, send: Send) -> None:
        answer = JsonResponse(error_body("client_error", "too_large", "The body is too large."), status=413)
        headers = [(b"content-type", b"application/json"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": answer.content})
