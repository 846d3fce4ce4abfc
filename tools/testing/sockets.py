"""A WebSocket client that calls the ASGI application of the site in this process.

`channels.testing` has one, too, but importing it loads Daphne.
"""

import asyncio
import json
from typing import Any

from asgiref.testing import ApplicationCommunicator

from lms.asgi import application


class Socket:
    """One connection to `/ws/notifications`."""

    def __init__(self, path: str, headers: list[tuple[bytes, bytes]] | None = None) -> None:
        """Prepare the handshake of `path`, which may have a query string."""
        path, _, query = path.partition("?")
        scope = {"type": "websocket", "path": path, "query_string": query.encode(), "headers": headers or []}
        self.asgi = ApplicationCommunicator(application, {**scope, "subprotocols": []})

    async def handshake(self) -> str:
        """Request the connection; return `websocket.accept`, or `websocket.close` if it is refused with 403."""
        await self.asgi.send_input({"type": "websocket.connect"})
        answer = await self.asgi.receive_output(timeout=5)
        return str(answer["type"])

    async def connect(self) -> None:
        """Open the socket; raise AssertionError when the handshake is refused."""
        assert await self.handshake() == "websocket.accept"

    async def send(self, text: str) -> None:
        """Send a text frame."""
        await self.asgi.send_input({"type": "websocket.receive", "text": text})

    async def message(self, timeout: float = 3) -> dict[str, Any]:
        """Return the next ASGI message; raise TimeoutError if none arrives within `timeout` seconds."""
        return dict(await self.asgi.receive_output(timeout=timeout))

    async def json(self) -> dict[str, Any]:
        """Return the parsed JSON of the next text frame."""
        return dict(json.loads((await self.message())["text"]))

    async def close_code(self, timeout: float = 6) -> int:
        """Wait until the site closes the socket and return the close code; raise TimeoutError if it does not."""
        async with asyncio.timeout(timeout):
            while (message := await self.message(timeout))["type"] != "websocket.close":
                pass
        return int(message["code"])

    async def is_silent(self, seconds: float = 0.4) -> bool:
        """Return whether no message arrives for this many seconds."""
        return await self.asgi.receive_nothing(timeout=seconds)

    async def disconnect(self) -> None:
        """Close the socket and wait until the site's consumer has ended."""
        await self.asgi.send_input({"type": "websocket.disconnect", "code": 1000})
        await self.asgi.wait(timeout=5)
