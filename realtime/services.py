"""Telling users things: the row in the caller's transaction, the socket after its commit."""

import uuid
from collections.abc import Iterable
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from realtime import hints
from realtime.models import Event, Inbox, Notification


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
    transaction.on_commit(partial(hints.news, told))
    return told


def mark_read(*, user: Any, number: int | None = None) -> int:
    """Mark one notification of `user`, or all of them, as read; return how many were not yet."""
    mine = Notification.objects.visible_to(user).unread()
    if number is not None:
        mine = mine.filter(number=number)
    return mine.update(read_at=timezone.now())
