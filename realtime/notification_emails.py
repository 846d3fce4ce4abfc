"""Emails of notifications, sent at once or in a daily digest.

A row is locked while its email is sent, so that only one of two workers sends it. If a worker is killed meanwhile, the
email is sent again.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.mail import delivery
from realtime.models import Announcement, DeliveryChannel, Event, Notification
from realtime.unsubscribe import DIGEST, unsubscribe_url

MAX_DIGEST_LINES = 50


@transaction.atomic
def send_notification_email(notification_id: int) -> bool:
    """Email a notification that is due at once and was not sent yet; return whether this call sent it."""
    pending = Notification.objects.mail_pending(DeliveryChannel.MAIL).select_for_update(of=("self",), skip_locked=True)
    notification = pending.select_related("user").filter(pk=notification_id, user__is_active=True).first()
    if notification is None:
        return False
    context = {
        "user": notification.user,
        "sentence": notification.sentence,
        "text": _full_text(notification),
        "address": settings.SITE_URL + notification.address,
    }
    delivery.send(
        "notification",
        to=notification.user.email,
        context=context,
        unsubscribe_url=unsubscribe_url(notification.user_id, notification.event),
    )
    notification.mailed_at = timezone.now()
    notification.save(update_fields=["mailed_at"])
    return True


def _full_text(notification: Notification) -> str:
    """Return the text of an announcement, of which the notification has only an excerpt. One query for these."""
    if notification.event != Event.ANNOUNCEMENT:
        return ""
    announcement = Announcement.objects.filter(pk=notification.payload.get("announcement_id")).first()
    return announcement.text if announcement else ""


def users_with_pending_digest(until: datetime) -> Sequence[uuid.UUID]:
    """Return the ids of the users with notifications before `until` for their digest."""
    pending = Notification.objects.mail_pending(DeliveryChannel.DIGEST).filter(
        created_at__lt=until, user__is_active=True
    )
    return list(pending.order_by("user_id").values_list("user_id", flat=True).distinct())


@transaction.atomic
def send_digest(user_id: uuid.UUID, until: datetime) -> int:
    """Email a user all notifications that are due for the digest; return how many."""
    user = User.objects.select_for_update().filter(pk=user_id, is_active=True).first()
    if user is None:
        return 0
    pending = Notification.objects.mail_pending(DeliveryChannel.DIGEST).filter(user=user, created_at__lt=until)
    notifications = list(pending)
    if not notifications:
        return 0
    latest = notifications[-MAX_DIGEST_LINES:]
    lines = [(notification.sentence, settings.SITE_URL + notification.address) for notification in latest]
    context = {"user": user, "lines": lines, "count": len(notifications), "more": len(notifications) - len(lines)}
    delivery.send("digest", to=user.email, context=context, unsubscribe_url=unsubscribe_url(user.pk, DIGEST))
    Notification.objects.filter(pk__in=[notification.pk for notification in notifications]).update(
        mailed_at=timezone.now()
    )
    return len(notifications)
