"""Personal data of this app, for the export and the erasure of accounts."""

from typing import Any

from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from accounts.models.people import DELETED_USER_NAME
from accounts.registry import PersonalData, personal_data
from realtime.models import Announcement, Event, Message, Notification, NotificationChoice


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


def erase_author_elsewhere(user: User) -> None:
    """Replace the user's name in other users' notifications of their messages and announcements, and clear the texts.

    Three queries, and one for each 500 notifications.
    """
    announcements = [str(pk) for pk in Announcement.objects.filter(author=user).values_list("pk", flat=True)]
    mentions = Q(event=Event.CHAT_MESSAGE, payload__author_id=str(user.pk))
    announced = Q(event=Event.ANNOUNCEMENT, payload__announcement_id__in=announcements)
    notifications = list(Notification.objects.filter(mentions | announced))
    for notification in notifications:
        notification.payload["author_name"] = DELETED_USER_NAME
        if notification.event == Event.CHAT_MESSAGE:
            notification.payload |= {"text": "", "text_html": "", "author_avatar_url": None}
    Notification.objects.bulk_update(notifications, ["payload"], batch_size=500)


def erase_messages(user: User) -> None:
    """Delete the texts of the messages that a user posted. The rows remain as deleted messages."""
    Message.objects.filter(author=user, deleted_at=None).update(text="", deleted_at=timezone.now())


personal_data.register(
    "notifications",
    PersonalData(export_notifications, forget=erase_notifications, forget_elsewhere=erase_author_elsewhere),
)
personal_data.register("messages", PersonalData(export_messages, forget=erase_messages))
personal_data.register("notification_choices", PersonalData(export_preferences))
