"""Tasks that email notifications, at once and in a daily digest."""

import uuid
from datetime import datetime, timedelta

from django.utils import timezone

from core.jobs.job import job
from realtime import notification_emails
from realtime.models import DeliveryChannel, Notification

OVERDUE_AFTER = timedelta(minutes=10)
BATCH = 100


@job("realtime.mail_notifications")
def mail_notifications(notification_ids: list[int]) -> int:
    """Email notifications of one push; return how many this call sent."""
    return sum(notification_emails.send_notification_email(notification_id) for notification_id in notification_ids)


@job("realtime.mail_forgotten")
def mail_overdue_notifications() -> int:
    """Email overdue notifications, whose jobs were lost with a broker or a worker; return how many."""
    before = timezone.now() - OVERDUE_AFTER
    overdue = Notification.objects.mail_pending(DeliveryChannel.MAIL).filter(
        created_at__lt=before, user__is_active=True
    )
    return sum(
        notification_emails.send_notification_email(pk) for pk in list(overdue.values_list("pk", flat=True)[:BATCH])
    )


@job("realtime.mail_digest")
def mail_digest(user_id: str, until: str) -> int:
    """Email one user their digest; return how many notifications it has."""
    return notification_emails.send_digest(uuid.UUID(user_id), datetime.fromisoformat(until))


@job("realtime.mail_digests")
def mail_digests() -> int:
    """Queue the digests of all users with pending notifications; return how many."""
    now = timezone.now()
    users = notification_emails.users_with_pending_digest(now)
    for user_id in users:
        mail_digest.send_or_defer(str(user_id), now.isoformat())
    return len(users)
