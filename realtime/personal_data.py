"""What this app holds about a person, for their export and for when they leave; importing it registers it."""

from typing import Any

from django.utils import timezone

from accounts import registry
from accounts.models import User
from realtime.models import Message, Notification, NotificationChoice


def export(user: User) -> dict[str, Any]:
    """Return what a user was told and what they said, the oldest first, and what they chose. Three queries."""
    told = Notification.objects.filter(user=user).order_by("number")
    said = Message.objects.filter(author=user, deleted_at=None).order_by("created_at")
    chosen = NotificationChoice.objects.filter(user=user)
    return {
        "told": list(told.values("number", "event", "payload", "created_at", "read_at")),
        "said": list(said.values("text", "created_at", "edited_at")),
        "chosen": list(chosen.values("event", "way")),
    }


def forget(user: User) -> None:
    """Take away what somebody was told and what they said: it names courses, people and grades."""
    Notification.objects.filter(user=user).delete()
    Message.objects.filter(author=user, deleted_at=None).update(text="", deleted_at=timezone.now())


registry.register(registry.PersonalData("notifications", export, forget=forget))
