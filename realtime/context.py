"""What every page shows of its reader's notifications, and up to which of them it knows."""

from typing import Any, NamedTuple

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from lms.lib.prepared import Prepared
from realtime.models import Inbox, Notification


class Standing(NamedTuple):
    """The number of somebody's newest notification, and how many of all up to it are unread."""

    last_number: int = 0
    unread: int = 0


def _standing_of(user_id: Any) -> QuerySet[Inbox, tuple[int, int]]:
    theirs = Notification.objects.filter(user=OuterRef("user")).unread().order_by().values("user")
    unread = Coalesce(Subquery(theirs.annotate(unread=Count("pk")).values("unread")), 0)
    return Inbox.objects.filter(user=user_id).values_list("last_number", unread)


# Both in one statement: what is told after it is news to the page, and what was told before is in its number.
_STANDING = Prepared(_standing_of)


def inbox(request: HttpRequest) -> dict[str, Any]:
    """Return where the user stands (a `Standing`); nothing is asked of the database before a page shows it."""

    def standing() -> Standing:
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return Standing()
        return Standing(*(_STANDING.row(user.pk) or ()))

    return {"inbox": SimpleLazyObject(standing)}
