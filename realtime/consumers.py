"""`/ws/notifications`: what concerns a user, as it happens, and what they missed (API.md, "Realtime")."""

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
from realtime.doors import Caller, caller_at_the_door, comes_from_elsewhere, query_of
from realtime.hints import as_json
from realtime.hub import UNAUTHENTICATED
from realtime.models import Inbox, Notification
from realtime.rooms import Room

log = logging.getLogger(__name__)
TOO_LARGE = 1009
TRY_AGAIN = 1013
TOO_MUCH = 4429
LARGEST_FRAME = 64 * 1024  # servers refuse more before it is read whole: `--ws-max-size`
FRAMES_A_PERIOD, PERIOD_SECONDS = 100, 10
LONGEST_OUTBOX = 500
SEND_SECONDS = 10
ROOMS_A_SOCKET = 50
REPLAYED_AT_ONCE = 200
LONGEST_NUMBER = 19
BAD_MESSAGE = {"type": "error", "code": "bad_message"}
CLIENT_GONE = (OSError, RuntimeError)  # what servers raise when one sends after the end


class NotificationConsumer(AsyncWebsocketConsumer):
    """One user's socket. Notifications come from the table alone; everything a client does is an HTTP call.

    What has to be sent waits in a bounded outbox, so that a reader who stalls holds up nobody: such a socket is closed,
    and its client catches up by `?since=` (QUALITY W07).
    """

    channel_layer_alias = "none"  # the process listens once for all of its sockets: realtime.hub
    caller: Caller
    told_up_to = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the socket; however it ends, nobody keeps it."""
        self.rooms: set[Room] = set()
        self.outbox: deque[str] = deque()
        self.known = self.accepted = self.behind = self.fetching = False
        self.writer: asyncio.Task[None] | None = None
        self.closing: asyncio.Task[None] | None = None
        self.period_began, self.frames = 0.0, 0
        self.hub = hub.here()
        try:
            await super().__call__(scope, receive, send)
        finally:
            if self.known:
                self.hub.leave(self)
            if self.writer is not None:
                self.writer.cancel()

    async def connect(self) -> None:
        """Accept the handshake; close with 4401 before any data when nobody is behind it (QUALITY W01), with 4429 when
        its user has ten sockets; refuse another site's page (403)."""
        if comes_from_elsewhere(self.scope):
            await self.close()
            return
        caller = await caller_at_the_door(self.scope)
        if caller is None:
            await self.accept()
            await self.close(code=UNAUTHENTICATED)
            return
        self.caller, self.known = caller, True
        # In before reading where the user stands, and that before accepting: whatever is told from the moment on in
        # which the client knows that it is connected, reaches it.
        if not await self.hub.enter(self):
            await self.accept()
            await self.close(code=TOO_MUCH)
            return
        since = query_of(self.scope).get("since", "")
        is_number = since.isascii() and since.isdigit() and len(since) < LONGEST_NUMBER
        self.told_up_to = int(since) if is_number else await self._last_number()
        await self.accept()
        self.accepted = True
        if is_number or self.behind:
            self.look_in_table()

    async def disconnect(self, code: int) -> None:
        """Nothing to do: the hub forgets the socket however it ends."""

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Answer a client's message; tell it when it is not understood, and keep the socket, unless it is too much."""
        if len(text_data or bytes_data or "") > LARGEST_FRAME:
            self.end(TOO_LARGE)
        elif self._talks_too_much():
            self.end(TOO_MUCH)
        else:
            await self._answer(_parsed(text_data))

    def _talks_too_much(self) -> bool:
        now = time.monotonic()
        if now - self.period_began > PERIOD_SECONDS:
            self.period_began, self.frames = now, 0
        self.frames += 1
        return self.frames > FRAMES_A_PERIOD

    async def _answer(self, message: dict[str, Any]) -> None:
        kind = message.get("type")
        room = rooms.named_in(message)
        if kind == "ping":
            self.say_json({"type": "pong"})
        elif kind == "subscribe" and rooms.names_one(message):
            await self._subscribe(room, message)
        elif kind == "unsubscribe" and room is not None:
            self.put_out(room)
        else:
            self.say_json(BAD_MESSAGE)

    async def _subscribe(self, room: Room | None, message: dict[str, Any]) -> None:
        """Let the socket hear a room that its user may enter."""
        heard_up_to = await self._heard_at_the_door(room) if room else None
        if room is None or heard_up_to is None:
            self.say_json({"type": "error", "code": "forbidden"})
        elif len(self.rooms) >= ROOMS_A_SOCKET:
            self.say_json({"type": "error", "code": "too_many_rooms"})
        else:
            self.hub.enter_room(self, room, heard_up_to)
            self.say_json({"type": "subscribed", room.field: str(room.id)})

    @database_sync_to_async
    def _heard_at_the_door(self, room: Room) -> int | None:
        """Return the room's last change up to now, None where the user may not enter."""
        return chat.last_change_in(room) if rooms.may_enter(self.caller.user_id, room) else None

    def put_out(self, room: Room) -> None:
        """Leave a room; tell the client."""
        self.hub.leave_room(self, room)
        self.say_json({"type": "unsubscribed", room.field: str(room.id)})

    def tell(self, number: int, text: str) -> None:
        """Send a notification on, once and in order.

        Two processes that commit one after the other may be heard in the other order; numbers tell: what was sent is
        passed over, and a gap is filled from the table, where every lower number stands already.
        """
        if number <= self.told_up_to:
            return
        in_order = number == self.told_up_to + 1 and not self.behind and not self.fetching
        if in_order and self.accepted and self._has_space():
            self.told_up_to = number
            self.outbox.append(text)
            self._write_soon()
        else:
            self.look_in_table()

    def say(self, text: str) -> None:
        """Send what has no number; a socket whose outbox is full is closed, for its client could not tell a gap."""
        if self._has_space():
            self.outbox.append(text)
            self._write_soon()
        else:
            self.end(TRY_AGAIN)

    def say_json(self, content: dict[str, Any]) -> None:
        """Send `content` as JSON."""
        self.say(as_json(content))

    def look_in_table(self) -> None:
        """Send everything after the last number sent, oldest first."""
        self.behind = True
        self._write_soon()

    def end(self, code: int) -> None:
        """Close the socket, without waiting for a client who does not read."""
        if self.closing is None:
            self.closing = asyncio.create_task(self._close(code))

    async def _close(self, code: int) -> None:
        if self.writer is not None:
            self.writer.cancel()
        with suppress(*CLIENT_GONE):
            await self.close(code=code)

    def _has_space(self) -> bool:
        return len(self.outbox) < LONGEST_OUTBOX

    def _write_soon(self) -> None:
        if self.writer is None and self.closing is None and self.accepted:
            self.writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        """Send what waits, and what stands in the table, until there is nothing."""
        try:
            while self.outbox or self.behind:
                if not self.outbox:
                    await self._fetch()
                while self.outbox:
                    async with asyncio.timeout(SEND_SECONDS):
                        await self.send(text_data=self.outbox.popleft())
        except TimeoutError:
            self.end(TRY_AGAIN)
        except CLIENT_GONE:
            self.outbox.clear()
        finally:
            self.writer = None

    async def _fetch(self) -> None:
        """Put what was missed into the outbox, so much at a time; nothing while the database is away."""
        self.behind, self.fetching = False, True
        try:
            missed = await self._missed()
        except DatabaseError as error:
            log.warning("the database does not answer, the next look will: %s", error)
            return
        finally:
            self.fetching = False
        for number, text in missed:
            self.told_up_to = number
            self.outbox.append(text)
        self.behind = self.behind or len(missed) == REPLAYED_AT_ONCE

    @database_sync_to_async
    def _missed(self) -> list[tuple[int, str]]:
        mine = Notification.objects.filter(user=self.caller.user_id).since(self.told_up_to)
        return [(one.number, as_json(one.as_message())) for one in mine[:REPLAYED_AT_ONCE]]

    @database_sync_to_async
    def _last_number(self) -> int:
        inbox = Inbox.objects.filter(user=self.caller.user_id).first()
        return inbox.last_number if inbox else 0


def _parsed(text: str | None) -> dict[str, Any]:
    """Return a client's message; an empty one for what is no JSON object."""
    try:
        message = json.loads(text or "")
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
