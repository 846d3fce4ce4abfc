"""Telling users things: the row in the caller's transaction, the socket after its commit."""

import logging
import uuid
from collections.abc import Iterable
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from redis.exceptions import RedisError

from realtime.models import Event, Inbox, Notification

log = logging.getLogger(__name__)


def user_group(user_id: uuid.UUID) -> str:
    """Return the name of the channel group of all sockets of one user."""
    return f"user.{user_id}"


@transaction.atomic
def push(user_ids: Iterable[uuid.UUID], event: Event, payload: dict[str, Any]) -> list[Notification]:
    """Tell users that `event` happened; return the notifications.

    Written in the caller's transaction, so that a rollback tells nobody (QUALITY W08); the sockets hear of it after the
    commit, and a client that hears nothing finds it by `?since=`. Call it last: it locks the users' inboxes, in the
    order of their ids, until the commit. Five statements, however many users.
    """
    ids = sorted(set(user_ids))
    if not ids:
        return []
    Inbox.objects.bulk_create([Inbox(user_id=user_id) for user_id in ids], ignore_conflicts=True)
    inboxes = list(Inbox.objects.select_for_update().filter(user_id__in=ids).order_by("user_id"))
    Inbox.objects.filter(user_id__in=ids).update(last_number=F("last_number") + 1)
    now = timezone.now()
    told = Notification.objects.bulk_create(
        Notification(user_id=inbox.user_id, number=inbox.last_number + 1, event=event, payload=payload, created_at=now)
        for inbox in inboxes
    )
    transaction.on_commit(lambda: send_to_sockets(told))
    return told


def send_to_sockets(notifications: list[Notification]) -> None:
    """Hint the sockets of the users concerned. The rows stand, so a channel layer that is down costs only the hurry."""
    try:
        async_to_sync(_send)(notifications)
    except (RedisError, OSError) as error:
        log.warning(
            "channel layer refused %d notifications; clients catch up by ?since=: %s", len(notifications), error
        )


async def _send(notifications: list[Notification]) -> None:
    layer = get_channel_layer()
    for notification in notifications:
        await layer.group_send(
            user_group(notification.user_id), {"type": "notification", "message": notification.as_message()}
        )


def mark_read(*, user: Any, number: int | None = None) -> int:
    """Mark one notification of `user`, or all of them, as read; return how many were not yet."""
    mine = Notification.objects.visible_to(user).unread()
    if number is not None:
        mine = mine.filter(number=number)
    return mine.update(read_at=timezone.now())
