"""Services that grade submissions, change grades and release them to students."""

from collections.abc import Sequence
from decimal import Decimal

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from assignments.errors import AssignmentError
from assignments.models import Assignment, GradeChange, Submission, SubmissionFile, calculate_penalty
from assignments.states import SUBMISSION
from assignments.tasks import mail_grade
from core.audit.entries import record
from enrollments.grades import record_grade
from enrollments.models import Enrollment
from files import services as files
from files.models import File, Purpose
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
    """Grade or regrade a submission and return it. `grade` is the grade before the late penalty.

    `version` is the number of gradings that the grader has seen. Raise AssignmentError `grade_out_of_range` (400),
    `own_work`, `not_your_course` (403), `superseded` or `graded_meanwhile` (409); the last is also recorded in the
    audit log (quality row S05). With `release`, the student can see the grade and is notified after the commit.
    """
    if not 0 <= grade <= submission.assignment.points:
        detail = _("Enter a grade between 0 and %d points.") % submission.assignment.points
        raise AssignmentError("grade_out_of_range", detail, status=400)
    if submission.user_id == actor.pk:
        raise AssignmentError("own_work", _("You cannot grade your own submission."), status=403)
    stored = [
        files.upload(actor=actor, content=upload, purpose=Purpose.SUBMISSION, assignment_id=submission.assignment_id)
        for upload in uploads
    ]
    try:
        return _save_grade(actor, submission, grade, feedback, stored, version, release, reason)
    except BaseException as error:
        for file in stored:
            files.delete(actor=actor, file=file)
        if isinstance(error, AssignmentError) and error.code == "graded_meanwhile":
            changes = {"grade": grade, "version": version}
            record(actor=actor, action="assignments.grade_refused", target=submission, changes=changes)
        raise


@transaction.atomic
def _save_grade(
    actor: User,
    submission: Submission,
    grade: int,
    feedback: str,
    stored: list[File],
    version: int | None,
    release: bool,
    reason: str,
) -> Submission:
    """Save the grade while holding the locks that `submit` and grading share."""
    Enrollment.objects.select_for_update(of=("self",)).get(pk=submission.enrollment_id)
    locked = Submission.objects.select_for_update(of=("self",)).select_related(
        "assignment__course", "enrollment", "user"
    )
    submission = locked.get(pk=submission.pk)
    if not submission.assignment.course.is_editable_by(actor):
        raise AssignmentError("not_your_course", _("Only the instructor of the course can grade."), status=403)
    if version is not None and version != submission.version:
        raise AssignmentError(
            "graded_meanwhile",
            _("Another grader has graded this submission in the meantime. Reload it before you grade."),
        )
    versions = Submission.objects.filter(assignment=submission.assignment, enrollment=submission.enrollment)
    is_superseded = versions.filter(attempt__gt=submission.attempt).exists()
    SUBMISSION.check("grade", submission.state(is_superseded=is_superseded), raises=AssignmentError)
    previous_grade = submission.grade
    submission.raw_grade, submission.feedback = grade, feedback
    submission.penalty_points = calculate_penalty(raw=grade, percent=submission.late_percent, days=submission.days_late)
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
    changes = {"grade": [previous_grade, submission.grade], "reason": reason, "version": submission.version}
    record(actor=actor, action="assignments.graded", target=submission, subject=submission.user, changes=changes)
    if release or submission.is_released:
        _release_grade(actor, submission, reason)
    return submission


@transaction.atomic
def release_grades(*, actor: User, assignment: Assignment) -> int:
    """Release all unreleased grades of an assignment and return their number, 0 if repeated."""
    unreleased = Submission.objects.filter(assignment=assignment).unreleased()
    rows = Submission.objects.filter(pk__in=unreleased.values("pk")).select_for_update(of=("self",))
    submissions = list(rows.select_related("assignment__course", "enrollment", "user").order_by("enrollment_id"))
    released = 0
    for submission in submissions:
        if SUBMISSION.check("release", submission.state(), raises=AssignmentError):
            _release_grade(actor, submission, "")
            released += 1
    return released


def revert_grade(*, actor: User, change: GradeChange, version: int | None = None) -> Submission:
    """Restore the grade and feedback of an earlier grading; return the submission.

    Raise the errors of `grade_submission`.
    """
    reason = _("Restored the grade of %s") % timezone.localtime(change.created_at).strftime("%Y-%m-%d %H:%M")
    return grade_submission(
        actor=actor,
        submission=change.submission,
        grade=change.raw_grade,
        feedback=change.feedback,
        version=version,
        release=False,
        reason=reason,
    )


def _release_grade(actor: User, submission: Submission, reason: str) -> None:
    """Record the grade in the gradebook and notify the student, within the transaction of the grading."""
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
