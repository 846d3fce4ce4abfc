"""Telling users things: the row in the caller's transaction, the socket after its commit."""

import uuid
from collections.abc import Iterable
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from lms.lib.errors import DomainError
from lms.platform.audit import record
from realtime import hints
from realtime.models import (
    DEFAULT_WAYS,
    NO_NEWS,
    OWN_LETTERS,
    Event,
    Inbox,
    Notification,
    NotificationChoice,
    Way,
)
from realtime.tasks import mail_notifications

MAILS_A_JOB = 100


class ChoiceError(DomainError):
    """The choice is none that there is."""


@transaction.atomic
def push(user_ids: Iterable[uuid.UUID], event: Event, payload: dict[str, Any]) -> list[Notification]:
    """Tell users that `event` happened, each in the way they chose; return the notifications.

    Written in the caller's transaction, so that a rollback tells nobody (QUALITY W08); the sockets hear of it after the
    commit, and a client that hears nothing finds it by `?since=`. Call it last: it locks the users' inboxes, in the
    order of their ids, until the commit. Six statements, however many users.
    """
    ways = ways_of(user_ids, event)
    ids = sorted(user_id for user_id, way in ways.items() if way != Way.OFF)
    if not ids:
        return []
    Inbox.objects.bulk_create([Inbox(user_id=user_id) for user_id in ids], ignore_conflicts=True)
    inboxes = list(Inbox.objects.select_for_update().filter(user_id__in=ids).order_by("user_id"))
    Inbox.objects.filter(user_id__in=ids).update(last_number=F("last_number") + 1)
    now = timezone.now()
    told = Notification.objects.bulk_create(
        Notification(
            user_id=inbox.user_id,
            number=inbox.last_number + 1,
            event=event,
            payload=payload,
            created_at=now,
            read_at=now if event in NO_NEWS else None,
            mail_due=_mail_due(event, ways[inbox.user_id]),
        )
        for inbox in inboxes
    )
    transaction.on_commit(partial(hints.news, told))
    _mail_after_commit(told)
    return told


def ways_of(user_ids: Iterable[uuid.UUID], event: Event) -> dict[uuid.UUID, str]:
    """Return how each user wants to hear of a kind of event. One query; none for what is no choice."""
    default = DEFAULT_WAYS.get(event, Way.SITE)
    ways: dict[uuid.UUID, str] = dict.fromkeys(user_ids, default)
    if ways and event in DEFAULT_WAYS:
        chosen = NotificationChoice.objects.filter(user__in=list(ways), event=event)
        ways.update(chosen.values_list("user_id", "way"))
    return ways


def wants_mail(user: User, event: Event) -> bool:
    """Return whether a user wants mail at once about a kind of event: for the letters that other apps send."""
    return ways_of([user.pk], event)[user.pk] == Way.MAIL


def _mail_due(event: Event, way: str) -> str:
    if way == Way.DIGEST or (way == Way.MAIL and event not in OWN_LETTERS):
        return way
    return ""


def _mail_after_commit(told: list[Notification]) -> None:
    """Queue the mails of one push, so many to a job."""
    due = [notification.pk for notification in told if notification.mail_due == Way.MAIL]
    for start in range(0, len(due), MAILS_A_JOB):
        mail_notifications.delay_on_commit(due[start : start + MAILS_A_JOB])


@transaction.atomic
def choose(*, actor: User, ways: dict[str, str]) -> None:
    """Keep how a user wants to hear of kinds of events; what is not named stays. Raises ChoiceError `no_choice` (400)
    for a kind that is no choice, or a way that is none."""
    if not set(ways) <= DEFAULT_WAYS.keys() or not set(ways.values()) <= set(Way.values):
        raise ChoiceError("no_choice", _("That is not one of the choices."), status=400)
    NotificationChoice.objects.bulk_create(
        [NotificationChoice(user=actor, event=event, way=way) for event, way in ways.items()],
        update_conflicts=True,
        unique_fields=["user", "event"],
        update_fields=["way"],
    )
    record(actor=actor, action="realtime.choices_changed", target=actor, changes=dict(ways))


def choices_of(user: User) -> dict[str, str]:
    """Return how a user wants to hear of every kind that is a choice, in the order of the page. One query."""
    chosen = dict(NotificationChoice.objects.filter(user=user).values_list("event", "way"))
    return {event: chosen.get(event, default) for event, default in DEFAULT_WAYS.items()}


def mark_read(*, user: Any, number: int | None = None) -> int:
    """Mark one notification of `user`, or all of them, as read; return how many were not yet."""
    mine = Notification.objects.visible_to(user).unread()
    if number is not None:
        mine = mine.filter(number=number)
    return mine.update(read_at=timezone.now())
