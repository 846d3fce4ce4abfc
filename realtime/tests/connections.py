"""Helpers that open sockets in tests."""

import asyncio
import json
from collections.abc import Coroutine
from typing import Any, TypeVar

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from accounts.models import User
from accounts.tokens import start_session
from tools.testing.sockets import Socket

T = TypeVar("T")
SITE = "http://127.0.0.1:8000"


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a new event loop."""
    return asyncio.run(coroutine)


def socket(query: str = "", headers: list[tuple[bytes, bytes]] | None = None) -> Socket:
    """Return a socket that is not connected yet."""
    return Socket(f"/ws/notifications{query}", headers)


def token_of(user: User) -> str:
    """Return the access token of a new login."""
    return start_session(user=user).access_token


def session_of(user: User) -> SessionStore:
    """Return a new browser session of a user."""
    store = SessionStore()
    store[SESSION_KEY] = str(user.pk)
    store[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    store[HASH_SESSION_KEY] = user.get_session_auth_hash()
    store.save()
    return store


def cookie_headers(cookie: str, origin: str | None = SITE) -> list[tuple[bytes, bytes]]:
    """Return the headers that a browser sends with this cookie."""
    headers = [(b"host", b"127.0.0.1:8000"), (b"cookie", cookie.encode())]
    return [*headers, (b"origin", origin.encode())] if origin else headers


def session_headers(user: User, origin: str | None = SITE) -> list[tuple[bytes, bytes]]:
    """Return the headers of a browser in which a user is logged in."""
    return cookie_headers(f"sessionid={session_of(user).session_key}", origin)


async def request_room(device: Socket, message_type: str, course_id: Any) -> dict[str, Any]:
    """Send a message about a course's room ("subscribe" or "unsubscribe"); return the response."""
    await device.send(json.dumps({"type": message_type, "course_id": course_id}))
    return await device.json()


async def close_code(device: Socket) -> int | None:
    """Connect; return the code that the socket is closed with before any data, or None if it stays open."""
    await device.connect()
    if await device.is_silent():
        await device.disconnect()
        return None
    message = await device.message()
    assert message["type"] == "websocket.close", "data came before the close"
    return int(message["code"])
