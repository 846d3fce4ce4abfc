"""The WebSocket `/ws/notifications`: live notifications, and missed ones (docs/api-contract.md, "Realtime")."""

import asyncio
import json
import logging
import time
from collections import deque
from contextlib import suppress
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.db import Error as DatabaseError

from realtime import chat, hub, rooms
from realtime.authentication import Caller, authenticate, is_cross_site, parse_query
from realtime.broadcast import as_json
from realtime.hub import UNAUTHENTICATED
from realtime.models import Inbox, Notification
from realtime.rooms import Room

log = logging.getLogger(__name__)
TOO_LARGE = 1009
TRY_AGAIN = 1013
TOO_MANY = 4429
MAX_FRAME_BYTES = 64 * 1024  # servers reject larger frames before reading them whole: `--ws-max-size`
MAX_FRAMES_PER_PERIOD, PERIOD_SECONDS = 100, 10
MAX_OUTBOX_LENGTH = 500
SEND_TIMEOUT_SECONDS = 10
MAX_ROOMS_PER_SOCKET = 50
REPLAY_BATCH = 200
MAX_NUMBER_DIGITS = 19
BAD_MESSAGE = {"type": "error", "code": "bad_message"}
CLIENT_GONE = (OSError, RuntimeError)  # raised by servers when sending on a closed connection


class NotificationConsumer(AsyncWebsocketConsumer):
    """The socket of one user. It only delivers; clients change data through the API.

    Messages wait in a bounded outbox, so that a client that does not read cannot delay other sockets: its socket is
    closed, and it catches up with `?since=` (quality row W07).
    """

    channel_layer_alias = "none"  # the process subscribes once for all of its sockets: realtime.hub
    caller: Caller
    last_sent = 0  # the number of the last notification that was put into the outbox

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the socket, and remove it from the hub however it ends."""
        self.rooms: set[Room] = set()
        self.outbox: deque[str] = deque()
        self.registered = self.accepted = self.behind = self.fetching = False
        self.writer: asyncio.Task[None] | None = None
        self.closing: asyncio.Task[None] | None = None
        self.period_started, self.frames = 0.0, 0
        self.hub = hub.get_hub()
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self.registered:
                self.hub.remove(self)
            if self.writer is not None:
                self.writer.cancel()

    async def connect(self) -> None:
        """Accept the handshake, or close the socket before any data.

        Closes with 4401 without a live login (quality row W01) and with 4429 if the user has ten sockets. Rejects the
        handshake (403) of another site's page.
        """
        if is_cross_site(self.scope):
            await self.close()
            return
        caller = await authenticate(self.scope)
        if caller is None:
            await self.accept()
            await self.close(code=UNAUTHENTICATED)
            return
        self.caller, self.registered = caller, True
        # The order matters: register with the hub, read the last number, accept. Otherwise a notification that is
        # created between two of these steps would not reach a client that knows that it is connected.
        if not await self.hub.add(self):
            await self.accept()
            await self.close(code=TOO_MANY)
            return
        since = parse_query(self.scope).get("since", "")
        is_number = since.isascii() and since.isdigit() and len(since) < MAX_NUMBER_DIGITS
        self.last_sent = int(since) if is_number else await self._last_number()
        await self.accept()
        self.accepted = True
        if is_number or self.behind:
            self.catch_up()

    async def disconnect(self, code: int) -> None:
        """Leave the cleanup to `__call__`, which also runs if the handshake fails."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Handle a client's message. Close the socket if the message is too large or the client sends too many."""
        if len(text_data or bytes_data or "") > MAX_FRAME_BYTES:
            self.close_soon(TOO_LARGE)
        elif self._exceeds_frame_rate():
            self.close_soon(TOO_MANY)
        else:
            await self._respond(_parse_message(text_data))

    def _exceeds_frame_rate(self) -> bool:
        now = time.monotonic()
        if now - self.period_started > PERIOD_SECONDS:
            self.period_started, self.frames = now, 0
        self.frames += 1
        return self.frames > MAX_FRAMES_PER_PERIOD

    async def _respond(self, message: dict[str, Any]) -> None:
        message_type = message.get("type")
        room = rooms.parse_room(message)
        if message_type == "ping":
            self.queue_json({"type": "pong"})
        elif message_type == "subscribe" and rooms.has_room_id(message):
            await self._subscribe(room)
        elif message_type == "unsubscribe" and room is not None:
            self.leave_room(room)
        else:
            self.queue_json(BAD_MESSAGE)

    async def _subscribe(self, room: Room | None) -> None:
        """Join a room if the user may enter it."""
        last_change = await self._last_change_if_allowed(room) if room else None
        if room is None or last_change is None:
            self.queue_json({"type": "error", "code": "forbidden"})
        elif len(self.rooms) >= MAX_ROOMS_PER_SOCKET:
            self.queue_json({"type": "error", "code": "too_many_rooms"})
        else:
            self.hub.join_room(self, room, last_change)
            self.queue_json({"type": "subscribed", room.field: str(room.id)})

    @database_sync_to_async
    def _last_change_if_allowed(self, room: Room) -> int | None:
        """Return the number of the room's last change, or None if the user may not enter."""
        caller = self.caller
        is_allowed = rooms.can_enter(caller.user_id, room, is_limited=caller.is_limited)
        return chat.last_change(room) if is_allowed else None

    def leave_room(self, room: Room) -> None:
        """Leave a room and notify the client."""
        self.hub.leave_room(self, room)
        self.queue_json({"type": "unsubscribed", room.field: str(room.id)})

    def queue_notification(self, number: int, text: str) -> None:
        """Send a notification once and in order.

        The broadcast events of two processes that commit one after the other may arrive in reverse order. A number that
        was sent already is skipped. A gap is filled from the database, which has all lower numbers.
        """
        if number <= self.last_sent:
            return
        in_order = number == self.last_sent + 1 and not self.behind and not self.fetching
        if in_order and self.accepted and self._has_space():
            self.last_sent = number
            self.outbox.append(text)
            self._start_writer()
        else:
            self.catch_up()

    def queue_text(self, text: str) -> None:
        """Send a message without a number. Close the socket if the outbox is full, since clients can't see the gap."""
        if self._has_space():
            self.outbox.append(text)
            self._start_writer()
        else:
            self.close_soon(TRY_AGAIN)

    def queue_json(self, content: dict[str, Any]) -> None:
        """Send `content` as JSON."""
        self.queue_text(as_json(content))

    def catch_up(self) -> None:
        """Send all notifications after the last one that was sent, oldest first."""
        self.behind = True
        self._start_writer()

    def close_soon(self, code: int) -> None:
        """Close the socket in a task, which does not wait for a client that does not read."""
        if self.closing is None:
            self.closing = asyncio.create_task(self._close(code))

    async def _close(self, code: int) -> None:
        if self.writer is not None:
            self.writer.cancel()
        with suppress(*CLIENT_GONE):
            await self.close(code=code)

    def _has_space(self) -> bool:
        return len(self.outbox) < MAX_OUTBOX_LENGTH

    def _start_writer(self) -> None:
        if self.writer is None and self.closing is None and self.accepted:
            self.writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        """Send the outbox and the missed notifications until both are empty."""
        try:
            while self.outbox or self.behind:
                if not self.outbox:
                    await self._fetch_missed()
                while self.outbox:
                    async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                        await self.send(text_data=self.outbox.popleft())
        except TimeoutError:
            self.close_soon(TRY_AGAIN)
        except CLIENT_GONE:
            self.outbox.clear()
        finally:
            self.writer = None

    async def _fetch_missed(self) -> None:
        """Put a batch of missed notifications into the outbox; none if the database is down."""
        self.behind, self.fetching = False, True
        try:
            missed = await self._missed()
        except DatabaseError as error:
            log.warning("the database does not respond, the next poll will retry: %s", error)
            return
        finally:
            self.fetching = False
        for number, text in missed:
            self.last_sent = number
            self.outbox.append(text)
        self.behind = self.behind or len(missed) == REPLAY_BATCH

    @database_sync_to_async
    def _missed(self) -> list[tuple[int, str]]:
        missed = Notification.objects.filter(user=self.caller.user_id).since(self.last_sent)
        return [(notification.number, as_json(notification.as_message())) for notification in missed[:REPLAY_BATCH]]

    @database_sync_to_async
    def _last_number(self) -> int:
        inbox = Inbox.objects.filter(user=self.caller.user_id).first()
        return inbox.last_number if inbox else 0


def _parse_message(text: str | None) -> dict[str, Any]:
    """Return a client's message, or an empty one if the text is not a JSON object."""
    try:
        message = json.loads(text or "")
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
