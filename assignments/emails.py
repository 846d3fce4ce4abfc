"""Registration of the emails about submissions and grades."""

import uuid
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.emails import name_of, sample_reader
from assignments.models import Assignment, Submission
from core.mail.mail_types import Context, MailType, format_time, register
from courses.emails import sample_course
from files.models import File

WHY = _("You receive this email because you are enrolled in this course.")


def _assignment_title(context: Context) -> str:
    return str(context["assignment"].title)


def _assignment_url(context: Context) -> str:
    return settings.SITE_URL + str(context["assignment"].get_absolute_url())


def _sample() -> dict[str, Any]:
    assignment = Assignment(pk=uuid.UUID(int=0), course=sample_course(), title="Three questions to a real table")
    submission = Submission(assignment=assignment, attempt=2, submitted_at=timezone.now())
    files = [File(original_filename=name) for name in ("answers.pdf", "queries.sql")]
    return {"user": sample_reader(), "assignment": assignment, "submission": submission, "files": files}


register(
    MailType(
        name="submission_receipt",
        title=_("Submission receipt"),
        subject=_("Submitted: {assignment}"),
        teaser=_("Your submission was received."),
        text=_("Hello {name},\n\nyour submission, version {version}, was received {when}."),
        details=((_("Version"), "version"), (_("Received"), "when")),
        address=_assignment_url,
        label=_("View submission"),
        why=WHY,
        values={
            "name": name_of,
            "assignment": _assignment_title,
            "version": lambda context: f"{context['submission'].attempt}",
            "when": lambda context: format_time(context["submission"].submitted_at),
        },
        sample=_sample,
    ),
    MailType(
        name="submission_graded",
        title=_("Submission graded"),
        subject=_("Graded: {assignment}"),
        teaser=_("Your submission was graded."),
        text=_("Hello {name},\n\nyour submission was graded. The grade and the feedback are on its page:"),
        address=_assignment_url,
        label=_("View grade"),
        why=WHY,
        values={"name": name_of, "assignment": _assignment_title},
        sample=_sample,
        can_unsubscribe=True,
    ),
)
