"""What the header shows of notifications."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from realtime.models import Notification


def unread(request: HttpRequest) -> dict[str, Any]:
    """Return how many notifications the user has not read; nothing is asked of the database before a page shows it."""

    def count() -> int:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return 0
        return Notification.objects.visible_to(user).unread().count()

    return {"unread_notifications": SimpleLazyObject(count)}
