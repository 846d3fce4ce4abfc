"""Mail about what happened: at once, or once a day.

Each row is locked while its mail leaves, so that of two workers one sends it; what a killed one had begun is sent
again.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from lms.lib import mail
from realtime.models import Announcement, Event, Notification, Way
from realtime.unsubscribing import DIGEST, link_for

LINES_IN_A_DIGEST = 50


@transaction.atomic
def mail_one(notification_id: int) -> bool:
    """Mail a notification that is to be mailed at once, unless it was; return whether this call did."""
    waiting = Notification.objects.waiting_for_mail(Way.MAIL).select_for_update(of=("self",), skip_locked=True)
    told = waiting.select_related("user").filter(pk=notification_id, user__is_active=True).first()
    if told is None:
        return False
    context = {
        "user": told.user,
        "sentence": told.sentence,
        "text": _whole_text_of(told),
        "address": settings.SITE_URL + told.address,
    }
    mail.send("notification", to=told.user.email, context=context, unsubscribe_url=link_for(told.user_id, told.event))
    told.mailed_at = timezone.now()
    told.save(update_fields=["mailed_at"])
    return True


def _whole_text_of(told: Notification) -> str:
    """Return what an announcement says, which its notification only begins. One query for one of those."""
    if told.event != Event.ANNOUNCEMENT:
        return ""
    made = Announcement.objects.filter(pk=told.payload.get("announcement_id")).first()
    return made.text if made else ""


def users_with_a_digest(until: datetime) -> Sequence[uuid.UUID]:
    """Return who has something for their daily mail that happened before `until`."""
    waiting = Notification.objects.waiting_for_mail(Way.DIGEST).filter(created_at__lt=until, user__is_active=True)
    return list(waiting.order_by("user_id").values_list("user_id", flat=True).distinct())


@transaction.atomic
def mail_digest(user_id: uuid.UUID, until: datetime) -> int:
    """Mail a user everything that waits for their daily mail, in one; return how many things that were."""
    user = User.objects.select_for_update().filter(pk=user_id, is_active=True).first()
    if user is None:
        return 0
    waiting = Notification.objects.waiting_for_mail(Way.DIGEST).filter(user=user, created_at__lt=until)
    told = list(waiting)
    if not told:
        return 0
    lines = [(one.sentence, settings.SITE_URL + one.address) for one in told[-LINES_IN_A_DIGEST:]]
    context = {"user": user, "lines": lines, "count": len(told), "more": len(told) - len(lines)}
    mail.send("digest", to=user.email, context=context, unsubscribe_url=link_for(user.pk, DIGEST))
    Notification.objects.filter(pk__in=[one.pk for one in told]).update(mailed_at=timezone.now())
    return len(told)
