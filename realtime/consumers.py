"""`/ws/notifications`: what concerns a user, as it happens, and what they missed (API.md, "Realtime")."""

import json
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer

from realtime.doors import query_of, user_at_the_door
from realtime.models import Inbox, Notification
from realtime.services import user_group

UNAUTHENTICATED = 4401
REPLAYED_AT_ONCE = 500
LONGEST_NUMBER = 19


class NotificationConsumer(AsyncWebsocketConsumer):
    """One user's socket. It only ever sends what stands in the table; everything a client does is an HTTP call."""

    sent_up_to = 0
    group = ""

    async def connect(self) -> None:
        """Accept the handshake; close with 4401 before any data when nobody is behind it (QUALITY W01)."""
        user = await user_at_the_door(self.scope)
        if user is None:
            await self.accept()
            await self.close(code=UNAUTHENTICATED)
            return
        self.user_id = user.pk
        # Join before reading where the user stands, and read before accepting: whatever is told from the moment on in
        # which the client knows that it is connected, reaches it.
        self.group = user_group(user.pk)
        await self.channel_layer.group_add(self.group, self.channel_name)
        since = query_of(self.scope).get("since", "")
        is_number = since.isascii() and since.isdigit() and len(since) < LONGEST_NUMBER
        self.sent_up_to = int(since) if is_number else await self._last_number()
        await self.accept()
        await self.catch_up()

    async def disconnect(self, code: int) -> None:
        """Leave the user's group."""
        if self.group:
            await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Answer a ping; tell the client when it is not understood, and keep the socket."""
        try:
            message = json.loads(text_data or "")
        except ValueError:
            message = None
        kind = message.get("type") if isinstance(message, dict) else None
        if kind == "ping":
            await self.send_json({"type": "pong"})
        else:
            await self.send_json({"type": "error", "code": "bad_message"})

    async def notification(self, event: dict[str, Any]) -> None:
        """Send a notification on, once and in order.

        Two processes that commit one after the other may be heard in the other order; numbers tell: what was sent is
        passed over, and a gap is filled from the table, where every lower number stands already.
        """
        message = event["message"]
        if message["id"] == self.sent_up_to + 1:
            self.sent_up_to = message["id"]
            await self.send_json(message)
        elif message["id"] > self.sent_up_to:
            await self.catch_up()

    async def catch_up(self) -> None:
        """Send everything after the last number sent, oldest first."""
        while missed := await self._missed():
            for message in missed:
                self.sent_up_to = message["id"]
                await self.send_json(message)

    async def send_json(self, content: dict[str, Any]) -> None:
        """Send `content` as JSON."""
        await self.send(text_data=json.dumps(content))

    @database_sync_to_async
    def _missed(self) -> list[dict[str, Any]]:
        mine = Notification.objects.filter(user=self.user_id).since(self.sent_up_to)
        return [notification.as_message() for notification in mine[:REPLAYED_AT_ONCE]]

    @database_sync_to_async
    def _last_number(self) -> int:
        inbox = Inbox.objects.filter(user=self.user_id).first()
        return inbox.last_number if inbox else 0
