"""Personal data of this app, for the export and the erasure of accounts."""

from typing import Any

from django.utils import timezone

from accounts.models import User
from accounts.registry import PersonalData, personal_data
from realtime.models import Message, Notification, NotificationChoice


def export_notifications(user: User) -> list[dict[str, Any]]:
    """Return a user's notifications, oldest first. One query."""
    rows = Notification.objects.filter(user=user).order_by("number")
    return [dict(row) for row in rows.values("number", "event", "payload", "created_at", "read_at")]


def export_messages(user: User) -> list[dict[str, Any]]:
    """Return the messages that a user posted, oldest first. One query."""
    rows = Message.objects.filter(author=user, deleted_at=None).order_by("created_at")
    return [dict(row) for row in rows.values("text", "created_at", "edited_at")]


def export_preferences(user: User) -> list[dict[str, Any]]:
    """Return the notification preferences that a user has set. One query."""
    return [dict(row) for row in NotificationChoice.objects.filter(user=user).values("event", "way")]


def erase_notifications(user: User) -> None:
    """Delete a user's notifications, because they name courses, people and grades."""
    Notification.objects.filter(user=user).delete()


def erase_messages(user: User) -> None:
    """Delete the texts of the messages that a user posted. The rows remain as deleted messages."""
    Message.objects.filter(author=user, deleted_at=None).update(text="", deleted_at=timezone.now())


personal_data.register("notifications", PersonalData(export_notifications, forget=erase_notifications))
personal_data.register("messages", PersonalData(export_messages, forget=erase_messages))
personal_data.register("notification_choices", PersonalData(export_preferences))
