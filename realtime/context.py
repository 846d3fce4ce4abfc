"""What the header shows of notifications."""

from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from lms.lib.prepared import Prepared
from realtime.models import Notification

# One row with a number; none where nothing is unread.
_UNREAD = Prepared(
    lambda user_id: (
        Notification.objects.filter(user=user_id)
        .unread()
        .order_by()
        .values("user")
        .annotate(unread=Count("pk"))
        .values_list("unread", flat=True)
    )
)


def unread(request: HttpRequest) -> dict[str, Any]:
    """Return how many notifications the user has not read; nothing is asked of the database before a page shows it."""

    def count() -> int:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return 0
        return _UNREAD.row(user.pk) or 0

    return {"unread_notifications": SimpleLazyObject(count)}
