"""Broadcast events: messages to all processes that hold sockets, through the channel layer.

They only make delivery faster. The database is authoritative, and every process polls it every few seconds
(`realtime.hub`). So a channel layer that is down delays delivery, and no request fails for it (quality row W04).
"""

import json
import logging
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.core.serializers.json import DjangoJSONEncoder
from redis.exceptions import RedisError

from realtime.models import Notification
from realtime.rooms import Room

log = logging.getLogger(__name__)
GROUP = "sockets"  # the only group: each process joins it once, for all of its sockets
RECIPIENTS_PER_EVENT = 5000


def send_notifications(notifications: Sequence[Notification]) -> None:
    """Broadcast the notifications of one push.

    The content, which all of them share, is sent once, with the number that it has for each recipient.
    """
    for start in range(0, len(notifications), RECIPIENTS_PER_EVENT):
        part = notifications[start : start + RECIPIENTS_PER_EVENT]
        message = part[0].as_message()
        del message["id"]
        numbers = [[str(notification.user_id), notification.number] for notification in part]
        publish({"type": "notifications", "numbers": numbers, "rest": as_json(message)[1:]})


def send_room_change(room: Room, change: int, message: dict[str, Any]) -> None:
    """Broadcast a message for the sockets in a room, with the number of the room's change that it describes."""
    text = as_json(message)
    publish({"type": "room", "field": room.field, "id": str(room.id), "change": change, "text": text})


def send_ended_logins(login_ids: Iterable[uuid.UUID], session_keys: Iterable[str]) -> None:
    """Close the sockets of these API logins and browser sessions."""
    publish({"type": "logins", "ids": [str(login_id) for login_id in login_ids], "keys": list(session_keys)})


def send_access_change(user_ids: Iterable[uuid.UUID]) -> None:
    """Check at once whether these users may stay in the rooms that their sockets have joined."""
    publish({"type": "rooms", "users": [str(user_id) for user_id in user_ids]})


def as_json(content: dict[str, Any]) -> str:
    """Return `content` as the JSON that clients receive."""
    return json.dumps(content, cls=DjangoJSONEncoder)


def publish(message: dict[str, Any]) -> None:
    """Send a broadcast event to every process. A failure of the channel layer is logged and otherwise ignored."""
    async_to_sync(_send)(message)


async def _send(message: dict[str, Any]) -> None:
    try:
        await get_channel_layer().group_send(GROUP, message)
    except (RedisError, OSError, RuntimeError) as error:  # RuntimeError: two threads use the in-memory layer at once
        log.warning("channel layer failed (%s); sockets are served from the database: %s", message["type"], error)
