"""The kinds of mail about certificates; importing it registers them."""

import uuid
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.mails import name_of, sample_reader
from certificates.models import Certificate
from lms.lib.mail_kinds import Context, Kind, day_of, register


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
    Kind(
        name="certificate",
        title=_("A certificate"),
        subject=_("Your certificate: {course}"),
        heading=_("Well done, {name}"),
        teaser=_("It is printed, and ready to frame."),
        text=_("You completed “{course}” on {completed}. Your certificate is printed, and ready to frame."),
        facts=((_("Course"), "course"), (_("Completed"), "completed"), (_("Number"), "number")),
        address=lambda context: settings.SITE_URL + reverse("certificates:download", args=[context["certificate"].pk]),
        label=_("Download my certificate"),
        why=_("You get this mail because you completed this course."),
        values={
            "name": name_of,
            "course": _course_of,
            "completed": lambda context: day_of(context["certificate"].completed_at),
            "number": lambda context: context["certificate"].certificate_number,
        },
        sample=_sample,
        can_be_refused=True,
    ),
    Kind(
        name="certificate_revoked",
        title=_("A certificate that was revoked"),
        subject=_("Your certificate was revoked: {course}"),
        heading=_("Your certificate was revoked"),
        teaser=_("When, and the reason given."),
        text=_("Hello {name},\n\nyour certificate for “{course}” stopped being valid on {revoked}.\n\n"
               "The reason given: {reason}\n\nWhoever checks its number, {number}, sees the same:"),
        address=lambda context: context["certificate"].verify_url,
        label=_("See what others see"),
        why=_("You get this mail because the certificate is yours. If you think that this is a mistake, answer it."),
        values={
            "name": name_of,
            "course": _course_of,
            "revoked": lambda context: day_of(context["certificate"].revoked_at),
            "reason": lambda context: context["certificate"].revoked_reason,
            "number": lambda context: context["certificate"].certificate_number,
        },
        sample=_sample,
    ),
)  # fmt: skip
