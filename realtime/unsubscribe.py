"""Signed unsubscribe links of emails, which work without a login and never expire (RFC 8058)."""

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.core import signing
from django.urls import reverse

from accounts.models import User
from realtime.models import DEFAULT_CHANNELS, DeliveryChannel, Event, NotificationChoice

SALT = "realtime.unsubscribe"
DIGEST = "digest"  # in place of an event: the whole daily digest


@dataclass(frozen=True)
class Subscription:
    """The emails that a user receives about an event, or as the daily digest."""

    user: User
    topic: str


def unsubscribe_url(user_id: uuid.UUID, topic: str) -> str:
    """Return the absolute URL that ends a user's emails about an event, or the digest."""
    token = signing.dumps([str(user_id), topic], salt=SALT)
    return settings.SITE_URL + reverse("realtime:unsubscribe", args=[token])


def subscription_from_token(token: str) -> Subscription | None:
    """Return the subscription of a link, or None if the token is invalid or its user is deleted. One query."""
    try:
        user_id, topic = signing.loads(token, salt=SALT)
    except signing.BadSignature:
        return None
    user = User.objects.filter(pk=user_id).first()
    return Subscription(user, topic) if user is not None else None


def end_subscription(subscription: Subscription) -> None:
    """Stop the emails of a subscription. Its notifications still appear on the site. Idempotent."""
    if subscription.topic == DIGEST:
        preferences = NotificationChoice.objects.filter(user=subscription.user, way=DeliveryChannel.DIGEST)
        preferences.update(way=DeliveryChannel.SITE)
        return
    if subscription.topic in DEFAULT_CHANNELS:
        NotificationChoice.objects.update_or_create(
            user=subscription.user, event=Event(subscription.topic), defaults={"way": DeliveryChannel.SITE}
        )
