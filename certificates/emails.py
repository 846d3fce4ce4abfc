"""Email types of certificates. Importing this module registers them."""

import uuid
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.emails import name_of, sample_reader
from certificates.models import Certificate
from core.mail.mail_types import Context, MailType, format_day, register


def _course_of(context: Context) -> str:
    return str(context["certificate"].course_title)


def _sample() -> dict[str, Any]:
    certificate = Certificate(
        pk=uuid.UUID(int=0),
        certificate_number="K7QM-2X4D-9PTR", course_title="A working introduction to SQL",
        completed_at=timezone.now(), revoked_at=timezone.now(), revoked_reason="It was issued under the wrong name.",
    )  # fmt: skip
    return {"user": sample_reader(), "certificate": certificate}


register(
    MailType(
        name="certificate",
        title=_("Certificate issued"),
        subject=_("Your certificate: {course}"),
        heading=_("Congratulations, {name}"),
        teaser=_("Your certificate is ready to download."),
        text=_("You completed “{course}” on {completed}. Your certificate is ready to download."),
        details=((_("Course"), "course"), (_("Completed"), "completed"), (_("Number"), "number")),
        address=lambda context: settings.SITE_URL + reverse("certificates:download", args=[context["certificate"].pk]),
        label=_("Download certificate"),
        why=_("You received this email because you completed this course."),
        values={
            "name": name_of,
            "course": _course_of,
            "completed": lambda context: format_day(context["certificate"].completed_at),
            "number": lambda context: context["certificate"].certificate_number,
        },
        sample=_sample,
        can_unsubscribe=True,
    ),
    MailType(
        name="certificate_revoked",
        title=_("Certificate revoked"),
        subject=_("Your certificate was revoked: {course}"),
        heading=_("Your certificate was revoked"),
        teaser=_("The date and the reason."),
        text=_("Hello {name},\n\nyour certificate for “{course}” stopped being valid on {revoked}.\n\n"
               "Reason: {reason}\n\nAnyone who verifies its number, {number}, sees that it was revoked:"),
        address=lambda context: context["certificate"].verify_url,
        label=_("View verification page"),
        why=_("You received this email because you hold this certificate. If this is a mistake, reply to it."),
        values={
            "name": name_of,
            "course": _course_of,
            "revoked": lambda context: format_day(context["certificate"].revoked_at),
            "reason": lambda context: context["certificate"].revoked_reason,
            "number": lambda context: context["certificate"].certificate_number,
        },
        sample=_sample,
    ),
)  # fmt: skip
