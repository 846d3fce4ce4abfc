"""Services of notifications: push events to users, and manage preferences and read marks.

Rows are inserted in the caller's transaction; sockets and emails follow after the commit.
"""

import uuid
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from core.access.impersonation import is_impersonating
from core.audit.entries import record
from core.http.errors import DomainError
from realtime import broadcast
from realtime.models import (
    DEFAULT_CHANNELS,
    EVENTS_WITH_OWN_EMAIL,
    SILENT_EVENTS,
    DeliveryChannel,
    Event,
    Inbox,
    Notification,
    NotificationChoice,
)
from realtime.tasks import mail_notifications

EMAILS_PER_JOB = 100


class PreferenceError(DomainError):
    """A notification preference is invalid."""


@transaction.atomic
def push(user_ids: Iterable[uuid.UUID], event: Event, payload: dict[str, Any]) -> list[Notification]:
    """Notify users of an event by the delivery channel that each has chosen; return the notifications.

    The rows are inserted in the caller's transaction, so a rollback notifies no user (quality row W08). Sockets receive
    them after the commit; a client that misses one finds it with `?since=`. Call this last in a transaction: it locks
    the users' inboxes until the commit, in the order of the user ids. A user who was mailed
    `NOTIFICATION_MAILS_PER_HOUR` notifications within an hour gets the next ones in the daily digest. Six statements
    for any number of users, seven if some want an email.
    """
    channels = get_delivery_channels(user_ids, event)
    ids = sorted(user_id for user_id, channel in channels.items() if channel != DeliveryChannel.OFF)
    if not ids:
        return []
    Inbox.objects.bulk_create([Inbox(user_id=user_id) for user_id in ids], ignore_conflicts=True)
    inboxes = list(Inbox.objects.select_for_update().filter(user_id__in=ids).order_by("user_id"))
    Inbox.objects.filter(user_id__in=ids).update(last_number=F("last_number") + 1)
    now = timezone.now()
    _move_excess_to_digest(channels, event)
    notifications = Notification.objects.bulk_create(
        Notification(
            user_id=inbox.user_id,
            number=inbox.last_number + 1,
            event=event,
            payload=payload,
            created_at=now,
            read_at=now if event in SILENT_EVENTS else None,
            mail_due=_mail_due(event, channels[inbox.user_id]),
        )
        for inbox in inboxes
    )
    transaction.on_commit(partial(broadcast.send_notifications, notifications))
    _queue_emails(notifications)
    return notifications


def get_delivery_channels(user_ids: Iterable[uuid.UUID], event: Event) -> dict[uuid.UUID, str]:
    """Return the delivery channel of an event by user. One query, none for an event without a preference."""
    default = DEFAULT_CHANNELS.get(event, DeliveryChannel.SITE)
    channels: dict[uuid.UUID, str] = dict.fromkeys(user_ids, default)
    if channels and event in DEFAULT_CHANNELS:
        preferences = NotificationChoice.objects.filter(user__in=list(channels), event=event)
        channels.update(preferences.values_list("user_id", "way"))
    return channels


def wants_mail(user: User, event: Event) -> bool:
    """Return whether a user wants an email at once about an event. For apps that send their own emails."""
    return get_delivery_channels([user.pk], event)[user.pk] == DeliveryChannel.MAIL


def _move_excess_to_digest(channels: dict[uuid.UUID, str], event: Event) -> None:
    """Change the channel of users who reached the hourly limit of emails from mail to digest. At most one query."""
    by_mail = [user_id for user_id, channel in channels.items() if _mail_due(event, channel) == DeliveryChannel.MAIL]
    if not by_mail:
        return
    recent = Notification.objects.filter(
        user_id__in=by_mail, mail_due=DeliveryChannel.MAIL, created_at__gt=timezone.now() - timedelta(hours=1)
    )
    counted = recent.order_by().values("user_id").annotate(count=Count("pk"))
    for user_id in counted.filter(count__gte=settings.NOTIFICATION_MAILS_PER_HOUR).values_list("user_id", flat=True):
        channels[user_id] = DeliveryChannel.DIGEST


def _mail_due(event: Event, channel: str) -> str:
    if channel == DeliveryChannel.DIGEST or (channel == DeliveryChannel.MAIL and event not in EVENTS_WITH_OWN_EMAIL):
        return channel
    return ""


def _queue_emails(notifications: list[Notification]) -> None:
    """Queue the emails of one push on commit, in batches."""
    due = [notification.pk for notification in notifications if notification.mail_due == DeliveryChannel.MAIL]
    for start in range(0, len(due), EMAILS_PER_JOB):
        mail_notifications.delay_on_commit(due[start : start + EMAILS_PER_JOB])


@transaction.atomic
def save_preferences(*, actor: User, channels: dict[str, str]) -> None:
    """Store the delivery channels of the given events; the preferences of other events stay.

    Raises PreferenceError `no_choice` (400) for an event without a preference or an unknown channel.
    """
    if not set(channels) <= DEFAULT_CHANNELS.keys() or not set(channels.values()) <= set(DeliveryChannel.values):
        raise PreferenceError("no_choice", _("Select one of the available options."), status=400)
    NotificationChoice.objects.bulk_create(
        [NotificationChoice(user=actor, event=event, way=channel) for event, channel in channels.items()],
        update_conflicts=True,
        unique_fields=["user", "event"],
        update_fields=["way"],
    )
    record(actor=actor, action="realtime.choices_changed", target=actor, changes=dict(channels))


def get_preferences(user: User) -> dict[str, str]:
    """Return a user's delivery channel for every event that has a preference, in the order of the page. One query."""
    preferences = dict(NotificationChoice.objects.filter(user=user).values_list("event", "way"))
    return {event: preferences.get(event, default) for event, default in DEFAULT_CHANNELS.items()}


def mark_read(*, user: Any, number: int | None = None) -> int:
    """Mark one notification of `user`, or all of them, as read; return how many were unread.

    Has no effect while the user is impersonated.
    """
    if is_impersonating():
        return 0
    unread = Notification.objects.visible_to(user).unread()
    if number is not None:
        unread = unread.filter(number=number)
    return unread.update(read_at=timezone.now())
