"""Mail about what happened, at once and once a day."""

import uuid
from datetime import datetime, timedelta

from django.utils import timezone

from lms.platform.jobs import job
from realtime import mailing
from realtime.models import Notification, Way

FORGOTTEN_AFTER = timedelta(minutes=10)
BATCH = 100


@job
def mail_notifications(notification_ids: list[int]) -> int:
    """Mail notifications of one push; return how many this call sent."""
    return sum(mailing.mail_one(notification_id) for notification_id in notification_ids)


@job
def mail_forgotten() -> int:
    """Mail what should have been mailed at once and was lost with a broker or a worker; return how many."""
    before = timezone.now() - FORGOTTEN_AFTER
    lost = Notification.objects.waiting_for_mail(Way.MAIL).filter(created_at__lt=before, user__is_active=True)
    return sum(mailing.mail_one(pk) for pk in list(lost.values_list("pk", flat=True)[:BATCH]))


@job
def mail_digest(user_id: str, until: str) -> int:
    """Mail one user what waits for their daily mail; return how many things."""
    return mailing.mail_digest(uuid.UUID(user_id), datetime.fromisoformat(until))


@job
def mail_digests() -> int:
    """Queue the daily mails; return how many."""
    now = timezone.now()
    users = mailing.users_with_a_digest(now)
    for user_id in users:
        mail_digest.send_or_defer(str(user_id), now.isoformat())
    return len(users)
