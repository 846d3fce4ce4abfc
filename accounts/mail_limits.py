"""Limits of the mail that one person can cause to others (quality row V12).

Emails are counted when they are requested, per sender, recipient and course, in the counters of `accounts.limits`. The
limits also hold where `RATE_LIMITS` is off, because they count accounts and addresses, not network addresses. Requests
without a login (registration, password reset, confirmation) have their own limits in `accounts.email_links`.
"""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy

from accounts import limits
from accounts.limits import Limit
from accounts.models import User

CODE = "too_many_mails"
MESSAGE = gettext_lazy("Too many emails were sent to this address, for this course, or by you. Try again %(wait)s.")
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@transaction.atomic
def spend_mail(*, sender: User, recipient: str, course_id: object = None) -> None:
    """Count one email of `sender` to an address, on behalf of a course if one is given.

    Raises LimitError `too_many_mails` (429) with `retry_after`, and counts nothing then. Three queries per counter.
    """
    _spend("mail_by_sender", settings.MAIL_PER_SENDER_PER_DAY, DAY, str(sender.pk))
    _spend("mail_to_recipient", settings.MAIL_PER_RECIPIENT_PER_DAY, DAY, recipient)
    if course_id is not None:
        _spend("mail_of_course", settings.MAIL_PER_COURSE_PER_DAY, DAY, str(course_id))


@transaction.atomic
def spend_announcement(*, sender: User, room: str) -> None:
    """Count one announcement of `sender` to a room, which is mailed to all of its members.

    Raises LimitError `too_many_mails` (429) with `retry_after`, and counts nothing then. Three queries per counter.
    """
    _spend("announced_by", settings.ANNOUNCEMENTS_PER_SENDER_PER_DAY, DAY, str(sender.pk))
    _spend("announced_in", settings.ANNOUNCEMENTS_PER_COURSE_PER_HOUR, HOUR, room)


def _spend(scope: str, most: int, period: timedelta, account: str) -> None:
    limits.spend(Limit(scope, most, period, code=CODE, always=True, message=MESSAGE), account=account)
