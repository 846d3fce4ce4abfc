"""Grading: now or later shown, changed with a reason, never by two people over each other."""

from collections.abc import Sequence
from decimal import Decimal

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from assignments.errors import AssignmentError
from assignments.models import Assignment, GradeChange, Submission, SubmissionFile, penalty
from assignments.states import SUBMISSION
from assignments.tasks import mail_grade
from enrollments.grades import record_grade
from enrollments.models import Enrollment
from files import services as files
from files.models import File, Purpose
from lms.platform.audit import record
from realtime.models import Event
from realtime.services import push


def grade_submission(
    *,
    actor: User,
    submission: Submission,
    grade: int,
    feedback: str = "",
    uploads: Sequence[UploadedFile] = (),
    version: int | None = None,
    release: bool = True,
    reason: str = "",
) -> Submission:
    """Grade a submission, or grade it anew; return it. `grade` is before the penalty for being late.

    `version` is the number of gradings that the grader has seen. Raises AssignmentError `grade_out_of_range` (400),
    `own_work` (403), `superseded` or `graded_meanwhile` (409); the last leaves a line in the audit log, too (QUALITY
    S05). With `release` the student sees it after the commit, and is told.
    """
    if not 0 <= grade <= submission.assignment.points:
        said = _("Give between 0 and %d points.") % submission.assignment.points
        raise AssignmentError("grade_out_of_range", said, status=400)
    if submission.user_id == actor.pk:
        raise AssignmentError("own_work", _("Nobody grades their own work."), status=403)
    stored = [
        files.upload(actor=actor, content=upload, purpose=Purpose.SUBMISSION, assignment_id=submission.assignment_id)
        for upload in uploads
    ]
    try:
        return _graded(actor, submission, grade, feedback, stored, version, release, reason)
    except BaseException as error:
        for file in stored:
            files.delete(actor=actor, file=file)
        if isinstance(error, AssignmentError) and error.code == "graded_meanwhile":
            changes = {"grade": grade, "version": version}
            record(actor=actor, action="assignments.grade_refused", target=submission, changes=changes)
        raise


@transaction.atomic
def _graded(
    actor: User,
    submission: Submission,
    grade: int,
    feedback: str,
    stored: list[File],
    version: int | None,
    release: bool,
    reason: str,
) -> Submission:
    """Append the grade under the locks that handing in and grading share."""
    Enrollment.objects.select_for_update(of=("self",)).get(pk=submission.enrollment_id)
    locked = Submission.objects.select_for_update(of=("self",)).select_related(
        "assignment__course", "enrollment", "user"
    )
    submission = locked.get(pk=submission.pk)
    if version is not None and version != submission.version:
        raise AssignmentError("graded_meanwhile", _("Somebody else has graded this meanwhile. Look at it first."))
    newest = Submission.objects.filter(assignment=submission.assignment, enrollment=submission.enrollment)
    is_superseded = newest.filter(attempt__gt=submission.attempt).exists()
    SUBMISSION.check("grade", submission.state(is_superseded=is_superseded), raises=AssignmentError)
    before = submission.grade
    submission.raw_grade, submission.feedback = grade, feedback
    submission.penalty_points = penalty(raw=grade, percent=submission.late_percent, days=submission.days_late)
    submission.graded_at, submission.graded_by = timezone.now(), actor
    submission.version += 1
    submission.save()
    GradeChange.objects.create(
        submission=submission,
        raw_grade=grade,
        penalty_points=submission.penalty_points,
        feedback=feedback,
        reason=reason[:300],
        graded_by=actor,
    )
    SubmissionFile.objects.bulk_create(
        SubmissionFile(submission=submission, file=file, is_feedback=True) for file in stored
    )
    changes = {"grade": [before, submission.grade], "reason": reason, "version": submission.version}
    record(actor=actor, action="assignments.graded", target=submission, subject=submission.user, changes=changes)
    if release or submission.is_released:
        _release(actor, submission, reason)
    return submission


@transaction.atomic
def release_grades(*, actor: User, assignment: Assignment) -> int:
    """Show all grades of an assignment that were held back; return how many. A repeat releases nothing."""
    held = Submission.objects.filter(assignment=assignment).unreleased()
    rows = Submission.objects.filter(pk__in=held.values("pk")).select_for_update(of=("self",))
    waiting = list(rows.select_related("assignment__course", "enrollment", "user").order_by("enrollment_id"))
    released = 0
    for submission in waiting:
        if SUBMISSION.check("release", submission.state(), raises=AssignmentError):
            _release(actor, submission, "")
            released += 1
    return released


def revert_grade(*, actor: User, change: GradeChange, version: int | None = None) -> Submission:
    """Give a submission the grade and the feedback that it had before; return it. Raises as `grade_submission`."""
    reason = _("Back to the grade of %s") % timezone.localtime(change.created_at).strftime("%Y-%m-%d %H:%M")
    return grade_submission(
        actor=actor,
        submission=change.submission,
        grade=change.raw_grade,
        feedback=change.feedback,
        version=version,
        release=False,
        reason=reason,
    )


def _release(actor: User, submission: Submission, reason: str) -> None:
    """Write the grade into the ledger, and tell the student, within the transaction of the grading."""
    submission.released_at = submission.released_at or timezone.now()
    submission.save(update_fields=["released_at"])
    record_grade(
        actor=actor,
        item=submission.assignment,
        enrollment=submission.enrollment,
        points=Decimal(submission.grade or 0),
        reason=reason,
        source_id=submission.pk,
    )
    mail_grade.delay_on_commit(str(submission.pk), submission.version)
    payload = {
        "assignment_id": str(submission.assignment_id),
        "grade": submission.grade,
        "submission_id": str(submission.pk),
        "course_id": str(submission.assignment.course_id),
        "title": submission.assignment.title,
    }
    push([submission.user_id], Event.ASSIGNMENT_GRADED, payload)
