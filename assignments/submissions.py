"""Services for submissions and their drafts, and the conditions under which a student may submit."""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from assignments.errors import AssignmentError
from assignments.models import (
    MAX_TEXT_LENGTH,
    Assignment,
    Submission,
    SubmissionDraft,
    SubmissionFile,
    TextFormat,
    calculate_penalty,
)
from assignments.states import SUBMISSION
from assignments.tasks import mail_receipt
from core.audit.entries import record
from core.http.errors import DomainError
from core.state_machine import Refusal
from core.text.characters import is_blank
from enrollments.deadlines import Terms, get_terms
from enrollments.models import Enrollment
from enrollments.signals import learned
from enrollments.states import ENROLLMENT
from files import file_names
from files import services as files
from files.errors import FileError, errors_name
from files.models import File, Purpose

MAX_FILES = 10
FIRST_EMPTY_LINES = re.compile(r"\A(?:[^\S\n]*\n)+")


@dataclass(frozen=True)
class SubmissionStatus:
    """A student's submissions to an assignment, and whether and how late they can submit at a given moment.

    `refusal` is the error that submitting now would raise, or None. `days_late` is that of a submission now.
    """

    terms: Terms
    submissions: list[Submission]
    days_late: int
    refusal: DomainError | None

    @property
    def current(self) -> Submission | None:
        """Return the last version, or None."""
        return self.submissions[0] if self.submissions else None

    @property
    def attempts_left(self) -> int | None:
        """Return the number of further versions that are accepted; None without a limit."""
        if self.terms.attempts is None:
            return None
        if self.current is not None and self.current.is_returned:
            return max(1, self.terms.attempts - len(self.submissions))
        if _find_replacement_refusal(self.terms, self.submissions) is not None:
            return 0
        return max(0, self.terms.attempts - len(self.submissions))


def get_submission_status(
    assignment: Assignment, enrollment: Enrollment, now: datetime | None = None
) -> SubmissionStatus:
    """Return the status of a student in an assignment at `now`. Three queries."""
    now = now or timezone.now()
    terms = get_terms(assignment, enrollment)
    submissions = list(Submission.objects.filter(assignment=assignment, enrollment=enrollment).order_by("-attempt"))
    return SubmissionStatus(
        terms,
        submissions,
        _count_days_late(assignment, terms, submissions, now),
        _find_refusal(assignment, terms, submissions, now),
    )


def _count_days_late(assignment: Assignment, terms: Terms, submissions: list[Submission], now: datetime) -> int:
    """Return how late a version submitted now is: a revision without a new due date is as late as what it revises."""
    returned_at = submissions[0].returned_at if submissions else None
    if returned_at is not None and (terms.due_at is None or terms.due_at <= returned_at):
        return submissions[0].days_late
    return assignment.days_late(terms, now)


def _find_refusal(
    assignment: Assignment, terms: Terms, submissions: list[Submission], now: datetime
) -> DomainError | None:
    if submissions and submissions[0].is_returned:
        return None  # the instructor asked for a new version
    if not terms.has_opened(now):
        return AssignmentError("not_open", _("This assignment is not open yet."))
    if terms.has_closed(now):
        return AssignmentError("past_due", _("This assignment is closed."))
    if terms.is_late(now) and not assignment.allow_late_submission:
        return AssignmentError("past_due", _("The due date has passed. This assignment does not accept late work."))
    replaced = _find_replacement_refusal(terms, submissions)
    if replaced is not None:
        return replaced.error(AssignmentError)
    if terms.attempts is not None and len(submissions) >= terms.attempts:
        return AssignmentError("no_attempts_left", _("You have no attempts left."))
    return None


def _find_replacement_refusal(terms: Terms, submissions: list[Submission]) -> Refusal | None:
    """Return why the last version cannot be replaced. Each extra attempt of the student reopens one graded version."""
    if not submissions or sum(one.graded_at is not None for one in submissions) <= terms.extra_attempts:
        return None
    return SUBMISSION.refusal("replace", submissions[0].state())


def calculate_late_cost(assignment: Assignment, days_late: int) -> dict[str, int] | None:
    """Return the late penalty after `days_late` days, with full points as an example; None if there is none."""
    if not days_late or not assignment.late_penalty_percentage:
        return None
    penalty_points = calculate_penalty(
        raw=assignment.points, percent=assignment.late_penalty_percentage, days=days_late
    )
    percent = min(100, assignment.late_penalty_percentage * days_late)
    return {
        "days": days_late,
        "percent": percent,
        "most": assignment.points,
        "left": assignment.points - penalty_points,
    }


def get_enrollment(assignment: Assignment, user: User) -> Enrollment:
    """Return the user's active enrollment; raise AssignmentError `not_enrolled` (403) without one."""
    enrollment = Enrollment.objects.active().filter(user=user, course=assignment.course_id).first()
    if enrollment is None:
        raise AssignmentError(
            "not_enrolled", _("Only students of the course can submit to this assignment."), status=403
        )
    return enrollment


def submit(
    *,
    actor: User,
    assignment: Assignment,
    content: str = "",
    text_format: str = TextFormat.PLAIN,
    uploads: Sequence[UploadedFile] = (),
    file_ids: Sequence[uuid.UUID] = (),
) -> Submission:
    """Submit a version and return it. A receipt is emailed after the commit.

    The files are stored before the row is locked, and deleted again if the submission fails. Concurrent submissions get
    different numbers (quality row S04). Raise AssignmentError `not_enrolled` (403; 409 if the enrollment ends
    meanwhile), `past_due`, `not_open`, `already_graded`, `no_attempts_left` (409), `nothing_handed_in`,
    `too_many_files`, `too_long` (400), `unknown_file` (404), and the errors of `files.services.upload`.
    """
    now = timezone.now()
    enrollment = get_enrollment(assignment, actor)
    refusal = get_submission_status(assignment, enrollment, now).refusal
    if refusal:
        raise refusal
    # The indent of the first line is part of the text.
    content = FIRST_EMPTY_LINES.sub("", content.replace("\r\n", "\n")).rstrip()
    _check_content(content, len(uploads) + len(file_ids))
    own_uploads = _get_own_uploads(actor, assignment, file_ids)
    for name in [upload.name or "" for upload in uploads] + [file.original_filename for file in own_uploads]:
        _check_type(assignment, name)
    stored: list[File] = []
    try:
        for upload in uploads:
            stored.append(
                files.upload(actor=actor, content=upload, purpose=Purpose.SUBMISSION, assignment_id=assignment.pk)
            )
        fields = {"content": content, "text_format": text_format}
        return _create_submission(actor, assignment, enrollment, now, fields, [*own_uploads, *stored])
    except BaseException:
        for file in stored:
            files.delete(actor=actor, file=file)
        raise


def _check_content(content: str, files_count: int) -> None:
    if is_blank(content) and not files_count:
        raise AssignmentError("nothing_handed_in", _("Enter a text or choose a file."), status=400)
    if len(content) > MAX_TEXT_LENGTH:
        raise AssignmentError(
            "too_long", _("The text has more than %d characters. Shorten it.") % MAX_TEXT_LENGTH, status=400
        )
    if files_count > MAX_FILES:
        raise AssignmentError("too_many_files", _("Submit at most %d files.") % MAX_FILES, status=400)


def _get_own_uploads(actor: User, assignment: Assignment, file_ids: Sequence[uuid.UUID]) -> list[File]:
    """Return these uploads of `actor` for this assignment; raise `unknown_file` for others (quality row S06)."""
    ids = set(file_ids)
    uploads = list(
        File.objects.filter(pk__in=ids, uploaded_by=actor, purpose=Purpose.SUBMISSION, assignment_id=assignment.pk)
    )
    if len(uploads) != len(ids):
        raise AssignmentError(
            "unknown_file", _("Not found among your uploads for this assignment. Upload the file again."), status=404
        )
    return uploads


def _check_type(assignment: Assignment, name: str) -> None:
    cleaned = file_names.clean_name(name)
    if file_names.get_extension(cleaned) not in assignment.accepted_types:
        detail = _("This assignment accepts: %s.") % ", ".join(assignment.accepted_types)
        with errors_name(cleaned):
            raise FileError("type_not_allowed", detail, status=415)


@transaction.atomic
def _create_submission(
    actor: User,
    assignment: Assignment,
    enrollment: Enrollment,
    now: datetime,
    fields: dict[str, str],
    attached: list[File],
) -> Submission:
    """Create the submission while holding the lock on the enrollment, which excludes grading and other submissions."""
    enrollment = Enrollment.objects.select_for_update(of=("self",)).get(pk=enrollment.pk)
    ENROLLMENT.check("work", enrollment.state, raises=AssignmentError)
    status = get_submission_status(assignment, enrollment, now)
    if status.refusal:
        raise status.refusal
    submission = Submission.objects.create(
        assignment=assignment,
        enrollment=enrollment,
        user=actor,
        attempt=len(status.submissions) + 1,
        submitted_at=now,
        **fields,
        days_late=status.days_late,
        late_percent=assignment.late_penalty_percentage,
    )
    SubmissionFile.objects.bulk_create(SubmissionFile(submission=submission, file=file) for file in attached)
    SubmissionDraft.objects.filter(assignment=assignment, user=actor).delete()
    changes = {"version": submission.attempt, "files": len(attached), "days_late": submission.days_late}
    record(actor=actor, action="assignments.submitted", target=submission, changes=changes)
    mail_receipt.delay_on_commit(str(submission.pk))
    learned.send(sender=Submission, user_id=enrollment.user_id, course_id=enrollment.course_id)
    return submission


def save_draft(*, actor: User, assignment: Assignment, content: str) -> SubmissionDraft:
    """Save the draft of a student and return it. The last of several tabs wins."""
    text = content.replace("\0", "")[:MAX_TEXT_LENGTH]
    draft, _created = SubmissionDraft.objects.update_or_create(
        assignment=assignment, user=actor, defaults={"content": text}
    )
    return draft


def get_draft(*, actor: Any, assignment: Assignment) -> SubmissionDraft | None:
    """Return the draft of a student, or None."""
    return SubmissionDraft.objects.filter(assignment=assignment, user=actor).first()
