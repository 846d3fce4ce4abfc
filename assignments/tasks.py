"""Mail about what was handed in, and about its grade."""

from assignments.models import Submission
from lms.lib import mail
from lms.platform.jobs import job
from realtime.models import Event
from realtime.services import wants_mail
from realtime.unsubscribing import link_for


@job
def mail_receipt(submission_id: str) -> None:
    """Tell a student that their work has arrived: when, which version, which files."""
    submission = _submission(submission_id)
    files = [handed.file for handed in submission.files.select_related("file").filter(is_feedback=False)]
    _send("submission_receipt", submission, files=files)


@job
def mail_grade(submission_id: str, version: int) -> None:
    """Tell a student who wants such mail that their work is graded. The grade itself stays on the site.

    Nothing is sent for a grading that another has replaced.
    """
    submission = _submission(submission_id)
    if submission.version == version and wants_mail(submission.user, Event.ASSIGNMENT_GRADED):
        _send("submission_graded", submission, no_more=link_for(submission.user_id, Event.ASSIGNMENT_GRADED))


def _submission(submission_id: str) -> Submission:
    return Submission.objects.select_related("user", "assignment__course").get(pk=submission_id)


def _send(template: str, submission: Submission, no_more: str = "", **more: object) -> None:
    context = {"submission": submission, "assignment": submission.assignment, "user": submission.user, **more}
    mail.send(template, to=submission.user.email, context=context, unsubscribe_url=no_more)
