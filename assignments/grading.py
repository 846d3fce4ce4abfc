"""Services that grade submissions, change grades and release them to students."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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
from enrollments.deadlines import EXTENSION_FIELDS, grant_extension
from enrollments.grades import record_grade
from enrollments.models import Enrollment, Extension
from files import services as files
from files.models import File, Purpose
from realtime.models import Event
from realtime.services import push


@dataclass(frozen=True)
class _Grading:
    """The arguments of one grading; `grade` is None if the submission is only returned for revision."""

    grade: int | None
    feedback: str
    version: int | None
    release: bool
    reason: str
    is_return: bool
    new_due_at: datetime | None


def grade_submission(
    *,
    actor: User,
    submission: Submission,
    grade: int | None,
    feedback: str = "",
    uploads: Sequence[UploadedFile] = (),
    version: int | None = None,
    release: bool = True,
    reason: str = "",
    return_for_revision: bool = False,
    new_due_at: datetime | None = None,
) -> Submission:
    """Grade or regrade a submission and return it. `grade` is the grade before the late penalty.

    With `return_for_revision`, the student sees the feedback and may submit one more version, whatever the attempts and
    dates, and `grade` may be None. `new_due_at` extends the student's due date; without it, the new version is as late
    as this one.

    `version` is the number of gradings that the grader has seen. Raise AssignmentError `grade_out_of_range`,
    `due_date_passed` (400), `own_work`, `not_your_course` (403), `superseded` or `graded_meanwhile` (409); the last is
    also recorded in the audit log (quality row S05). With `release`, the student can see the grade and is notified
    after the commit.
    """
    is_graded = grade is not None and 0 <= grade <= submission.assignment.points
    if not is_graded and not (grade is None and return_for_revision):
        detail = _("Enter a grade between 0 and %d points.") % submission.assignment.points
        raise AssignmentError("grade_out_of_range", detail, status=400)
    if submission.user_id == actor.pk:
        raise AssignmentError("own_work", _("You cannot grade your own submission."), status=403)
    if new_due_at is not None and new_due_at <= timezone.now():
        raise AssignmentError("due_date_passed", _("Enter a due date in the future."), status=400)
    grading = _Grading(grade, feedback, version, release, reason, return_for_revision, new_due_at)
    stored = [
        files.upload(actor=actor, content=upload, purpose=Purpose.SUBMISSION, assignment_id=submission.assignment_id)
        for upload in uploads
    ]
    try:
        return _save_grade(actor, submission, grading, stored)
    except BaseException as error:
        for file in stored:
            files.delete(actor=actor, file=file)
        if isinstance(error, AssignmentError) and error.code == "graded_meanwhile":
            changes = {"grade": grade, "version": version}
            record(actor=actor, action="assignments.grade_refused", target=submission, changes=changes)
        raise


@transaction.atomic
def _save_grade(actor: User, submission: Submission, grading: _Grading, stored: list[File]) -> Submission:
    """Save the grade while holding the locks that `submit` and grading share."""
    Enrollment.objects.select_for_update(of=("self",)).get(pk=submission.enrollment_id)
    locked = Submission.objects.select_for_update(of=("self",)).select_related(
        "assignment__course", "enrollment", "user"
    )
    submission = locked.get(pk=submission.pk)
    if not submission.assignment.course.is_editable_by(actor):
        raise AssignmentError("not_your_course", _("Only the instructor of the course can grade."), status=403)
    if grading.version is not None and grading.version != submission.version:
        raise AssignmentError(
            "graded_meanwhile",
            _("Another grader has graded this submission in the meantime. Reload it before you grade."),
        )
    versions = Submission.objects.filter(assignment=submission.assignment, enrollment=submission.enrollment)
    is_superseded = versions.filter(attempt__gt=submission.attempt).exists()
    state = submission.state(is_superseded=is_superseded)
    SUBMISSION.check("return" if grading.is_return else "grade", state, raises=AssignmentError)
    previous_grade = submission.grade
    submission.feedback = grading.feedback
    submission.returned_at = timezone.now() if grading.is_return else None
    submission.version += 1
    if grading.grade is not None:
        _set_grade(actor, submission, grading.grade, grading.reason)
    submission.save()
    SubmissionFile.objects.bulk_create(
        SubmissionFile(submission=submission, file=file, is_feedback=True) for file in stored
    )
    changes = {"grade": [previous_grade, submission.grade], "reason": grading.reason, "version": submission.version}
    action = "assignments.returned" if grading.is_return else "assignments.graded"
    record(actor=actor, action=action, target=submission, subject=submission.user, changes=changes)
    if grading.is_return:
        _return_to_student(actor, submission, grading)
    elif grading.release or submission.is_released:
        _release_grade(actor, submission, grading.reason)
    return submission


def _set_grade(actor: User, submission: Submission, grade: int, reason: str) -> None:
    """Set the grade with its penalty, and append it to the history. Does not save the submission."""
    submission.raw_grade = grade
    submission.penalty_points = calculate_penalty(raw=grade, percent=submission.late_percent, days=submission.days_late)
    submission.graded_at, submission.graded_by = timezone.now(), actor
    GradeChange.objects.create(
        submission=submission,
        raw_grade=grade,
        penalty_points=submission.penalty_points,
        feedback=submission.feedback,
        reason=reason[:300],
        graded_by=actor,
    )


def _return_to_student(actor: User, submission: Submission, grading: _Grading) -> None:
    """Move the student's due date, release a new grade, and notify the student."""
    if grading.new_due_at is not None:
        _move_due_date(actor, submission, grading.new_due_at)
    if grading.grade is not None:
        _release_grade(actor, submission, grading.reason)
    payload = {
        "assignment_id": str(submission.assignment_id),
        "submission_id": str(submission.pk),
        "course_id": str(submission.assignment.course_id),
        "title": submission.assignment.title,
        "url": submission.assignment.get_absolute_url(),
    }
    push([submission.user_id], Event.ASSIGNMENT_RETURNED, payload)


def _move_due_date(actor: User, submission: Submission, due_at: datetime) -> None:
    """Set the student's due date; the other values of their extension stay."""
    extension = Extension.objects.filter(item=submission.assignment_id, enrollment=submission.enrollment_id).first()
    kept = {name: getattr(extension, name) for name in EXTENSION_FIELDS} if extension else {}
    grant_extension(
        actor=actor,
        item=submission.assignment,
        enrollment=submission.enrollment,
        reason=_("Returned for revision"),
        **{**kept, "due_at": due_at},
    )


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
