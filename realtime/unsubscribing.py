"""The link in a mail that ends mails of its kind: signed, good without a login and for good (RFC 8058)."""

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.urls import reverse

from accounts.models import User
from realtime.models import DEFAULT_WAYS, Event, NotificationChoice, Way

SALT = "realtime.unsubscribe"
DIGEST = "digest"  # in place of an event: everything that comes in the daily mail


@dataclass(frozen=True)
class Subscription:
    """Whose mails about what: a kind of event, or the daily mail."""

    user: User
    what: str


def link_for(user_id: uuid.UUID, what: str) -> str:
    """Return the whole address that ends a user's mails about something."""
    token = signing.dumps([str(user_id), what], salt=SALT)
    return settings.SITE_URL + reverse("realtime:unsubscribe", args=[token])


def subscription_of(token: str) -> Subscription | None:
    """Return what a link is about; None when we never wrote it, or its user is gone. One query."""
    try:
        user_id, what = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=user_id).first()
    return Subscription(user, what) if user is not None else None


def end(subscription: Subscription) -> None:
    """Send no more mail about it; it still stands on the site. A repeat changes nothing."""
    if subscription.what == DIGEST:
        chosen = NotificationChoice.objects.filter(user=subscription.user, way=Way.DIGEST)
        chosen.update(way=Way.SITE)
        return
    if subscription.what in DEFAULT_WAYS:
        NotificationChoice.objects.update_or_create(
            user=subscription.user, event=Event(subscription.what), defaults={"way": Way.SITE}
        )
