"""What this app holds about a person, for their export and for when they leave; importing it registers it."""

from typing import Any

from django.utils import timezone

from accounts import registry
from accounts.models import User
from realtime.models import Message, Notification, NotificationChoice


def export_told(user: User) -> list[dict[str, Any]]:
    """Return what a user was told, the oldest first. One query."""
    rows = Notification.objects.filter(user=user).order_by("number")
    return [dict(row) for row in rows.values("number", "event", "payload", "created_at", "read_at")]


def export_said(user: User) -> list[dict[str, Any]]:
    """Return what a user said in conversations, the oldest first. One query."""
    rows = Message.objects.filter(author=user, deleted_at=None).order_by("created_at")
    return [dict(row) for row in rows.values("text", "created_at", "edited_at")]


def export_chosen(user: User) -> list[dict[str, Any]]:
    """Return how a user wants to hear of things. One query."""
    return [dict(row) for row in NotificationChoice.objects.filter(user=user).values("event", "way")]


def forget_told(user: User) -> None:
    """Take away what somebody was told: it names courses, people and grades."""
    Notification.objects.filter(user=user).delete()


def forget_said(user: User) -> None:
    """Take away what somebody said; that something was said there stays."""
    Message.objects.filter(author=user, deleted_at=None).update(text="", deleted_at=timezone.now())


registry.register(registry.PersonalData("notifications", export_told, forget=forget_told))
registry.register(registry.PersonalData("messages", export_said, forget=forget_said))
registry.register(registry.PersonalData("notification_choices", export_chosen))
