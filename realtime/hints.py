"""What one process tells all processes that hold sockets, through the channel layer: hints, never the truth.

The truth stands in tables, where every process looks every few seconds anyway (`realtime.hub`). So a channel layer that
is down costs only the hurry, and no request fails for it (QUALITY W04).
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
EVERY_PROCESS = "sockets"  # the one group: each process joins it once, for all of its sockets
RECIPIENTS_A_MESSAGE = 5000


def news(told: Sequence[Notification]) -> None:
    """Tell of notifications that were written by one push: what they say goes out once, with the number it has for each
    recipient."""
    for start in range(0, len(told), RECIPIENTS_A_MESSAGE):
        part = told[start : start + RECIPIENTS_A_MESSAGE]
        message = part[0].as_message()
        del message["id"]
        numbers = [[str(notification.user_id), notification.number] for notification in part]
        publish({"type": "news", "numbers": numbers, "rest": as_json(message)[1:]})


def said_in(room: Room, change: int, message: dict[str, Any]) -> None:
    """Tell those who are in a room of one of its changes, by its number."""
    text = as_json(message)
    publish({"type": "room", "field": room.field, "id": str(room.id), "change": change, "text": text})


def logins_ended(login_ids: Iterable[uuid.UUID], session_keys: Iterable[str]) -> None:
    """Close the sockets of these logins and browsers' sessions."""
    publish({"type": "logins", "ids": [str(one) for one in login_ids], "keys": list(session_keys)})


def rooms_changed(user_ids: Iterable[uuid.UUID]) -> None:
    """Look again, now, whether these users may be in the rooms that they are in."""
    publish({"type": "rooms", "users": [str(user_id) for user_id in user_ids]})


def as_json(content: dict[str, Any]) -> str:
    """Return `content` as clients get it."""
    return json.dumps(content, cls=DjangoJSONEncoder)


def publish(message: dict[str, Any]) -> None:
    """Send a message to every process that holds sockets; a layer that does not take it is a line in the log."""
    async_to_sync(_send)(message)


async def _send(message: dict[str, Any]) -> None:
    try:
        await get_channel_layer().group_send(EVERY_PROCESS, message)
    except (RedisError, OSError, RuntimeError) as error:  # the last: the layer in memory, two threads at once
        log.warning("channel layer refused a hint (%s); sockets look in the tables: %s", message["type"], error)
