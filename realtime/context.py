"""Context processor for the unread count of notifications, which every page shows."""

from typing import Any, NamedTuple

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from core.db.prepared import Prepared
from realtime.models import Inbox, Notification


class InboxState(NamedTuple):
    """The number of a user's newest notification, and the number of unread ones."""

    last_number: int = 0
    unread: int = 0


def _inbox_state_query(user_id: Any) -> QuerySet[Inbox, tuple[int, int]]:
    notifications = Notification.objects.filter(user=OuterRef("user")).unread().order_by().values("user")
    unread = Coalesce(Subquery(notifications.annotate(unread=Count("pk")).values("unread")), 0)
    return Inbox.objects.filter(user=user_id).values_list("last_number", unread)


# One statement, so that the page counts each notification either in `unread` or as one that live.js receives later.
_INBOX_STATE = Prepared(_inbox_state_query)


def inbox(request: HttpRequest) -> dict[str, Any]:
    """Return the user's `InboxState` as `inbox`. Lazy: the query runs when a template first uses it."""

    def load_state() -> InboxState:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return InboxState()
        return InboxState(*(_INBOX_STATE.row(user.pk) or ()))

    return {"inbox": SimpleLazyObject(load_state)}
