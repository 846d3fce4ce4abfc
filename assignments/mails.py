"""The kinds of mail about what was handed in; importing it registers them."""

import uuid
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.mails import name_of, sample_reader
from assignments.models import Assignment, Submission
from enrollments.mails import sample_course
from files.models import File
from lms.lib.mail_kinds import Context, Kind, register, time_of

WHY = _("You get this mail because you are a student of this course.")


def _assignment_of(context: Context) -> str:
    return str(context["assignment"].title)


def _page_of(context: Context) -> str:
    return settings.SITE_URL + str(context["assignment"].get_absolute_url())


def _sample() -> dict[str, Any]:
    assignment = Assignment(pk=uuid.UUID(int=0), course=sample_course(), title="Three questions to a real table")
    submission = Submission(assignment=assignment, attempt=2, submitted_at=timezone.now())
    files = [File(original_filename=name) for name in ("answers.pdf", "queries.sql")]
    return {"user": sample_reader(), "assignment": assignment, "submission": submission, "files": files}


register(
    Kind(
        name="submission_receipt",
        title=_("Work that arrived"),
        subject=_("Handed in: {assignment}"),
        teaser=_("Your work has arrived."),
        text=_("Hello {name},\n\nversion {version} of your work arrived {when}."),
        facts=((_("Version"), "version"), (_("Arrived"), "when")),
        address=_page_of,
        label=_("See what you handed in"),
        why=WHY,
        values={
            "name": name_of,
            "assignment": _assignment_of,
            "version": lambda context: f"{context['submission'].attempt}",
            "when": lambda context: time_of(context["submission"].submitted_at),
        },
        sample=_sample,
    ),
    Kind(
        name="submission_graded",
        title=_("Work that is graded"),
        subject=_("Graded: {assignment}"),
        teaser=_("Your work is graded."),
        text=_("Hello {name},\n\nyour work is graded. The grade and the feedback are on its page:"),
        address=_page_of,
        label=_("See the grade"),
        why=WHY,
        values={"name": name_of, "assignment": _assignment_of},
        sample=_sample,
        can_be_refused=True,
    ),
)
