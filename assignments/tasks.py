"""Tasks that send emails about submissions and grades."""

from assignments.models import Submission
from core.jobs.job import job
from core.mail import delivery
from realtime.models import Event
from realtime.services import wants_mail
from realtime.unsubscribe import unsubscribe_url


@job("assignments.mail_receipt")
def mail_receipt(submission_id: str) -> None:
    """Email the student a receipt with time, version and files."""
    submission = _get_submission(submission_id)
    files = [row.file for row in submission.files.select_related("file").filter(is_feedback=False)]
    _send("submission_receipt", submission, files=files)


@job("assignments.mail_grade")
def mail_grade(submission_id: str, version: int) -> None:
    """Notify the student by email that the submission was graded, without the grade itself.

    Send no email if the submission has been regraded since, or if the student has opted out.
    """
    submission = _get_submission(submission_id)
    if submission.version == version and wants_mail(submission.user, Event.ASSIGNMENT_GRADED):
        link = unsubscribe_url(submission.user_id, Event.ASSIGNMENT_GRADED)
        _send("submission_graded", submission, unsubscribe_link=link)


def _get_submission(submission_id: str) -> Submission:
    return Submission.objects.select_related("user", "assignment__course").get(pk=submission_id)


def _send(template: str, submission: Submission, unsubscribe_link: str = "", **more: object) -> None:
    context = {"submission": submission, "assignment": submission.assignment, "user": submission.user, **more}
    delivery.send(template, to=submission.user.email, context=context, unsubscribe_url=unsubscribe_link)
