"""Handing in: what holds for a student now, what being late costs, the draft, and the submission itself."""

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
from assignments.models import LONGEST_TEXT, Assignment, Submission, SubmissionDraft, SubmissionFile, penalty
from assignments.states import SUBMISSION
from assignments.tasks import mail_receipt
from enrollments.deadlines import Terms, terms_for
from enrollments.models import Enrollment
from enrollments.signals import learned
from enrollments.states import ENROLLMENT
from files import names
from files import services as files
from files.errors import FileError, errors_name
from files.models import File, Purpose
from lms.lib.errors import DomainError
from lms.platform.audit import record

MOST_FILES = 10


@dataclass(frozen=True)
class Standing:
    """What holds for one student and one assignment at one moment: what was handed in, and whether more is taken.

    `refusal` is the error that handing in now would meet; None while it is taken. `days_late` of handing in now.
    """

    terms: Terms
    submissions: list[Submission]
    days_late: int
    refusal: DomainError | None

    @property
    def current(self) -> Submission | None:
        """The last version."""
        return self.submissions[0] if self.submissions else None

    @property
    def attempts_left(self) -> int | None:
        """How many more versions are taken; None without a limit."""
        return None if self.terms.attempts is None else max(0, self.terms.attempts - len(self.submissions))


def standing_of(assignment: Assignment, enrollment: Enrollment, now: datetime | None = None) -> Standing:
    """Return what holds for a student. Three queries."""
    now = now or timezone.now()
    terms = terms_for(assignment, enrollment)
    mine = list(Submission.objects.filter(assignment=assignment, enrollment=enrollment).order_by("-attempt"))
    return Standing(terms, mine, assignment.days_late(terms, now), _refusal(assignment, terms, mine, now))


def _refusal(assignment: Assignment, terms: Terms, submissions: list[Submission], now: datetime) -> DomainError | None:
    if not terms.has_opened(now):
        return AssignmentError("not_open", _("This assignment has not opened yet."))
    if terms.has_closed(now):
        return AssignmentError("past_due", _("The last moment to hand this in has passed."))
    if terms.is_late(now) and not assignment.allow_late_submission:
        return AssignmentError("past_due", _("This was due, and nothing is taken late."))
    replaced = SUBMISSION.refusal("replace", submissions[0].state()) if submissions else None
    if replaced is not None:
        return replaced.error(AssignmentError)
    if terms.attempts is not None and len(submissions) >= terms.attempts:
        return AssignmentError("no_attempts_left", _("You have handed in as often as it is taken."))
    return None


def price_of(assignment: Assignment, days_late: int) -> dict[str, int] | None:
    """Return what handing in so many days late costs, for full points as the example; None where it costs nothing."""
    if not days_late or not assignment.late_penalty_percentage:
        return None
    lost = penalty(raw=assignment.points, percent=assignment.late_penalty_percentage, days=days_late)
    percent = min(100, assignment.late_penalty_percentage * days_late)
    return {"days": days_late, "percent": percent, "most": assignment.points, "left": assignment.points - lost}


def enrollment_of(assignment: Assignment, user: User) -> Enrollment:
    """Return the user's active enrolment; raise AssignmentError `not_enrolled` (403) where they only teach it."""
    mine = Enrollment.objects.active().filter(user=user, course=assignment.course_id).first()
    if mine is None:
        raise AssignmentError("not_enrolled", _("Only students of the course hand this in."), status=403)
    return mine


def submit(
    *,
    actor: User,
    assignment: Assignment,
    content: str = "",
    uploads: Sequence[UploadedFile] = (),
    file_ids: Sequence[uuid.UUID] = (),
) -> Submission:
    """Hand in a version; return it. A receipt goes out by mail after the commit.

    The files are stored before the row is locked; whatever refuses the version deletes them again. Of many versions at
    once each gets a number of its own (QUALITY S04). Raises AssignmentError `not_enrolled` (403; 409 for an
    enrollment that ends just now), `past_due`,
    `not_open`, `already_graded`, `no_attempts_left` (409), `nothing_handed_in`, `too_many_files`, `too_long` (400),
    `unknown_file` (404); and what `files.services.upload` raises.
    """
    now = timezone.now()
    enrollment = enrollment_of(assignment, actor)
    refusal = standing_of(assignment, enrollment, now).refusal
    if refusal:
        raise refusal
    content = content.replace("\r\n", "\n").strip()
    _check_shape(content, len(uploads) + len(file_ids))
    named = _own_files(actor, assignment, file_ids)
    for name in [upload.name or "" for upload in uploads] + [file.original_filename for file in named]:
        _check_type(assignment, name)
    stored: list[File] = []
    try:
        for upload in uploads:
            stored.append(
                files.upload(actor=actor, content=upload, purpose=Purpose.SUBMISSION, assignment_id=assignment.pk)
            )
        return _hand_in(actor, assignment, enrollment, now, content, [*named, *stored])
    except BaseException:
        for file in stored:
            files.delete(actor=actor, file=file)
        raise


def _check_shape(content: str, files_count: int) -> None:
    if not content and not files_count:
        raise AssignmentError("nothing_handed_in", _("Write something, or choose a file."), status=400)
    if len(content) > LONGEST_TEXT:
        raise AssignmentError("too_long", _("The text is longer than %d characters.") % LONGEST_TEXT, status=400)
    if files_count > MOST_FILES:
        raise AssignmentError("too_many_files", _("Hand in at most %d files.") % MOST_FILES, status=400)


def _own_files(actor: User, assignment: Assignment, file_ids: Sequence[uuid.UUID]) -> list[File]:
    """Return the named uploads of `actor` for this very assignment; nobody else's are found (QUALITY S06)."""
    wanted = set(file_ids)
    found = list(
        File.objects.filter(pk__in=wanted, uploaded_by=actor, purpose=Purpose.SUBMISSION, assignment_id=assignment.pk)
    )
    if len(found) != len(wanted):
        raise AssignmentError("unknown_file", _("You have uploaded no such file for this assignment."), status=404)
    return found


def _check_type(assignment: Assignment, name: str) -> None:
    cleaned = names.cleaned(name)
    if names.extension_of(cleaned) not in assignment.taken_types:
        detail = _("This assignment takes: %s.") % ", ".join(assignment.taken_types)
        with errors_name(cleaned):
            raise FileError("type_not_allowed", detail, status=415)


@transaction.atomic
def _hand_in(
    actor: User, assignment: Assignment, enrollment: Enrollment, now: datetime, content: str, handed: list[File]
) -> Submission:
    """Write the version under the enrolment's lock, where nothing can be graded or handed in meanwhile."""
    enrollment = Enrollment.objects.select_for_update(of=("self",)).get(pk=enrollment.pk)
    ENROLLMENT.check("work", enrollment.state, raises=AssignmentError)
    standing = standing_of(assignment, enrollment, now)
    if standing.refusal:
        raise standing.refusal
    submission = Submission.objects.create(
        assignment=assignment,
        enrollment=enrollment,
        user=actor,
        attempt=len(standing.submissions) + 1,
        submitted_at=now,
        content=content,
        days_late=standing.days_late,
        late_percent=assignment.late_penalty_percentage,
    )
    SubmissionFile.objects.bulk_create(SubmissionFile(submission=submission, file=file) for file in handed)
    SubmissionDraft.objects.filter(assignment=assignment, user=actor).delete()
    changes = {"version": submission.attempt, "files": len(handed), "days_late": submission.days_late}
    record(actor=actor, action="assignments.submitted", target=submission, changes=changes)
    mail_receipt.delay_on_commit(str(submission.pk))
    learned.send(sender=Submission, user_id=enrollment.user_id, course_id=enrollment.course_id)
    return submission


def keep_draft(*, actor: User, assignment: Assignment, content: str) -> SubmissionDraft:
    """Keep what a student has typed so far; of two tabs, the last one to type wins. Return the draft."""
    kept = content.replace("\0", "")[:LONGEST_TEXT]
    draft, _made = SubmissionDraft.objects.update_or_create(
        assignment=assignment, user=actor, defaults={"content": kept}
    )
    return draft


def draft_of(*, actor: Any, assignment: Assignment) -> SubmissionDraft | None:
    """Return what a student has typed and not handed in; None where there is nothing."""
    return SubmissionDraft.objects.filter(assignment=assignment, user=actor).first()
