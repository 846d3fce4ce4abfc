"""Email types for notifications and for the daily digest. Importing this module registers them."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.emails import name_of, sample_reader
from core.mail.mail_types import Context, MailType, read_value, register

SAMPLE_LINES = (
    "“Three questions to a real table” is graded",
    "Ines Okafor posted an announcement in “A working introduction to SQL”",
    "“Joins, drawn” is due tomorrow",
)


def _digest_subject(context: Context) -> str:
    count = context["count"]
    return ngettext("%(count)d new notification", "%(count)d new notifications", count) % {"count": count}


def _sample_notification() -> dict[str, Any]:
    return {
        "user": sample_reader(),
        "sentence": "A working introduction to SQL: the live hour moves to Thursday",
        "text": "Hello all,\n\nthe live hour moves to Thursday at six, for this week only. Bring a query that "
        "you could not get to work.\n\nInes",
        "address": settings.SITE_URL,
    }


def _sample_digest() -> dict[str, Any]:
    lines = [(sentence, settings.SITE_URL) for sentence in SAMPLE_LINES]
    return {"user": sample_reader(), "lines": lines, "count": len(lines) + 2, "more": 2}


register(
    MailType(
        name="notification",
        title=_("Notification"),
        subject="{what}",
        text="{text}",
        address=read_value("address"),
        label=_("View"),
        why=_("You receive this email because you turned on email notifications for these events."),
        values={
            "name": name_of,
            "what": read_value("sentence"),
            "text": read_value("text"),
        },
        sample=_sample_notification,
        can_unsubscribe=True,
    ),
    MailType(
        name="digest",
        title=_("Daily digest"),
        subject="{news}",
        teaser=_("Updates from your courses."),
        text=_("Hello {name}, here are your latest notifications:"),
        why=_("You receive this email because you turned on the daily digest for these events."),
        values={"name": name_of, "news": _digest_subject},
        sample=_sample_digest,
        can_unsubscribe=True,
    ),
)
