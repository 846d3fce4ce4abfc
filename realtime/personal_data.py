"""What this app holds about a person, for their export and for when they leave; importing it registers it."""

from typing import Any

from accounts import registry
from accounts.models import User
from realtime.models import Notification


def export(user: User) -> list[dict[str, Any]]:
    """Return what a user was told, the oldest first. One query."""
    rows = Notification.objects.filter(user=user).order_by("number")
    return [dict(row) for row in rows.values("number", "event", "payload", "created_at", "read_at")]


def forget(user: User) -> None:
    """Take away what somebody was told: it names courses, people and grades."""
    Notification.objects.filter(user=user).delete()


registry.register(registry.PersonalData("notifications", export, forget=forget))
