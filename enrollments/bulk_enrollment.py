"""Services to add many students at once, all or none, and to undo it within 24 hours.

The number of queries does not depend on the number of students, except for emails: each invitation is counted
(`accounts.mail_limits`).
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import mail_limits
from accounts.models import User
from core.audit.entries import record
from courses.models import Course
from enrollments import roster
from enrollments.errors import EnrollmentError
from enrollments.invitations import VALID_FOR
from enrollments.models import (
    Enrollment,
    EnrollmentEvent,
    GradeEntry,
    Invitation,
    LessonProgress,
    RosterImport,
    RosterImportEntry,
    Source,
)
from enrollments.roster_import import RosterPreview, RosterRow, RowError
from enrollments.services import update_student_count
from enrollments.tasks import complete_finished_enrollments, mail_enrollments, mail_invitations
from realtime import broadcast
from realtime.models import Event
from realtime.services import push

EMAILS_PER_JOB = 100
ATTEMPTS = 3  # of imports that run at once; each attempt finds the rows of the others


@dataclass
class RosterPlan:
    """The changes that an import makes to a course."""

    new: list[User] = field(default_factory=list)
    ended: list[Enrollment] = field(default_factory=list)
    invited: list[RosterRow] = field(default_factory=list)
    expired: list[Invitation] = field(default_factory=list)
    unchanged: list[RosterRow] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    import_id: uuid.UUID | None = None

    @property
    def enrolled_count(self) -> int:
        """Students with an account who are enrolled, or enrolled again."""
        return len(self.new) + len(self.ended)

    @property
    def invited_count(self) -> int:
        """Addresses that are invited, or invited again after their invitation expired."""
        return len(self.invited) + len(self.expired)

    @property
    def created(self) -> int:
        """New enrollments and invitations."""
        return len(self.new) + len(self.invited)

    @property
    def updated(self) -> int:
        """Ended enrollments and expired invitations that are resumed."""
        return len(self.ended) + len(self.expired)

    @property
    def is_empty(self) -> bool:
        """Whether the plan has no changes."""
        return self.created + self.updated == 0


@dataclass(frozen=True)
class UndoReport:
    """The result of undoing an import: numbers, and the enrollments of students who have worked since."""

    ended: int
    withdrawn: int
    kept: list[Enrollment]


def plan_import(*, actor: User, course: Course, preview: RosterPreview) -> RosterPlan:
    """Return the changes that adding these students would make, without making them. Three queries.

    Raises EnrollmentError `not_your_course` (403), `not_published` (409).
    """
    roster.require_roster_editor(actor, course)
    roster.require_published(course)
    return _plan(course, preview, lock=False)


def import_students(*, actor: User, course: Course, preview: RosterPreview, notify: bool = True) -> RosterPlan:
    """Enroll the users and invite the addresses of `preview`; return the changes, made unless they have errors.

    Known accounts are enrolled without payment, other addresses invited, students of the course unchanged. With
    `notify`, each gets one email; without, an invitation is only listed. Importing the same again changes nothing.
    Raises EnrollmentError `not_your_course` (403), `not_published` (409), `too_many_mails` (429).
    """
    roster.require_roster_editor(actor, course)
    roster.require_published(course)
    for _attempt in range(ATTEMPTS - 1):
        try:
            return _import(actor, course, preview, notify)
        except IntegrityError:  # one of the users was enrolled or invited at the same time
            continue
    return _import(actor, course, preview, notify)


@transaction.atomic
def _import(actor: User, course: Course, preview: RosterPreview, notify: bool) -> RosterPlan:
    plan = _plan(course, preview, lock=True)
    if plan.errors or plan.is_empty:
        return plan
    now = timezone.now()
    enrollments = _enroll(actor, course, plan, now)
    invitations = _invite(actor, course, plan, now)
    if notify:
        _spend_mails(actor, course, invitations)
    counts = {"enrolled_count": plan.enrolled_count, "invited_count": plan.invited_count}
    made = RosterImport.objects.create(course=course, created_by=actor, created_at=now, **counts)
    RosterImportEntry.objects.bulk_create(
        [
            *(RosterImportEntry(roster_import=made, enrollment=enrollment) for enrollment in enrollments),
            *(RosterImportEntry(roster_import=made, invitation=invitation) for invitation in invitations),
        ]
    )
    changes = {"course": str(course.pk), "notify": notify, "without_payment": not course.is_free, **counts}
    record(actor=actor, action="enrollments.imported", target=made, changes=changes)
    if notify:
        _queue(mail_enrollments, enrollments)
        _queue(mail_invitations, invitations)
    plan.import_id = made.pk
    return plan


def _plan(course: Course, preview: RosterPreview, *, lock: bool) -> RosterPlan:
    """Return the changes; with `lock`, the enrollments of the users are locked until the end of the transaction."""
    plan = RosterPlan(errors=list(preview.errors))
    emails = [row.email for row in preview.rows]
    users = {user.email: user for user in User.objects.filter(email__in=emails)}
    enrollments = Enrollment.objects.filter(course=course, user__email__in=emails).select_related("user").order_by("pk")
    if lock:
        enrollments = enrollments.select_for_update(of=("self",))
    enrolled = {enrollment.user_id: enrollment for enrollment in enrollments}
    pending = Invitation.objects.filter(course=course, email__in=emails, accepted_at=None)
    invited = {invitation.email: invitation for invitation in pending}
    for row in preview.rows:
        user = users.get(row.email)
        if user is None:
            _plan_invitation(plan, row, invited.get(row.email))
        else:
            refused = _plan_enrollment(plan, row, course, user, enrolled.get(user.pk))
            plan.errors += [RowError(row.row, preview.email_column, *refused)] if refused else []
    plan.errors.sort(key=lambda error: error.row)
    return plan


def _plan_invitation(plan: RosterPlan, row: RosterRow, invitation: Invitation | None) -> None:
    if invitation is None:
        plan.invited.append(row)
    elif invitation.expires_at <= timezone.now():
        plan.expired.append(invitation)
    else:
        plan.unchanged.append(row)


def _plan_enrollment(
    plan: RosterPlan, row: RosterRow, course: Course, user: User, enrollment: Enrollment | None
) -> tuple[str, str] | None:
    """Add a user with an account to the plan; return the code and the text of the error that prevents it, or None."""
    refusal = roster.find_refusal(course, user)
    if refusal is not None:
        return refusal.code, str(refusal.detail)
    if enrollment is not None and enrollment.is_barred:
        return "barred", _("%s was removed from this course. Readmit them in the list of students.") % row.email
    if enrollment is None:
        plan.new.append(user)
    elif enrollment.is_active:
        plan.unchanged.append(row)
    else:
        plan.ended.append(enrollment)
    return None


def _enroll(actor: User, course: Course, plan: RosterPlan, now: datetime) -> list[Enrollment]:
    """Create the new enrollments and resume the ended ones; return both."""
    times = {"enrolled_at": now, "last_activity_at": now}
    new = [Enrollment(user=user, course=course, source=Source.ADDED, **times) for user in plan.new]
    Enrollment.objects.bulk_create(sorted(new, key=lambda enrollment: enrollment.user_id))
    resumed = {"is_active": True, "source": Source.ADDED, "payment_id": None}
    Enrollment.objects.filter(pk__in=[enrollment.pk for enrollment in plan.ended]).update(**resumed)
    kinds = EnrollmentEvent.Kind
    _append_events(new, kinds.ENROLLED, actor, now)
    _append_events(plan.ended, kinds.RESUMED, actor, now)
    update_student_count(course.pk, plan.enrolled_count)
    if plan.ended:  # requirements that were missing may have been removed since
        complete_finished_enrollments.delay_on_commit(str(course.pk))
    return [*new, *plan.ended]


def _invite(actor: User, course: Course, plan: RosterPlan, now: datetime) -> list[Invitation]:
    """Create the new invitations and renew the expired ones; return both."""
    values = {"invited_by": actor, "created_at": now, "expires_at": now + VALID_FOR}
    rows = sorted(plan.invited, key=lambda row: row.email)
    new = [Invitation(course=course, email=row.email, full_name=row.full_name, **values) for row in rows]
    Invitation.objects.bulk_create(new)
    Invitation.objects.filter(pk__in=[invitation.pk for invitation in plan.expired]).update(**values)
    return [*new, *plan.expired]


def _spend_mails(actor: User, course: Course, invitations: list[Invitation]) -> None:
    """Count the emails to addresses without an account; raise `too_many_mails` (429) if they exceed a limit."""
    most = min(settings.MAIL_PER_SENDER_PER_DAY, settings.MAIL_PER_COURSE_PER_DAY)
    if len(invitations) > most:
        detail = _(
            "%(count)d of these addresses have no account, and you can send %(most)d invitations a day. Add fewer "
            "addresses, don't send emails, or share a join link."
        ) % {"count": len(invitations), "most": most}
        raise EnrollmentError("too_many_mails", detail, status=429)
    for invitation in invitations:
        mail_limits.spend_mail(sender=actor, recipient=invitation.email, course_id=course.pk)


def _queue(task: Any, rows: list[Any]) -> None:
    """Queue the emails about these rows on commit, in batches."""
    for start in range(0, len(rows), EMAILS_PER_JOB):
        task.delay_on_commit([str(row.pk) for row in rows[start : start + EMAILS_PER_JOB]])


def _append_events(rows: Iterable[Enrollment], kind: EnrollmentEvent.Kind, actor: User, at: datetime) -> None:
    fields: dict[str, Any] = {"kind": kind, "actor": actor, "reason": _("import"), "created_at": at}
    EnrollmentEvent.objects.bulk_create(EnrollmentEvent(enrollment=row, **fields) for row in rows)


@transaction.atomic
def undo_import(*, actor: User, roster_import: RosterImport) -> UndoReport:
    """End the enrollments and withdraw the invitations that an import made; return the numbers.

    Students who have worked since, and those who accepted their invitation, stay. A repeat has no effect. The
    enrollments are locked, so that work that is saved at the same time counts. Raises EnrollmentError
    `not_your_course` (403), `undo_expired` (409) after 24 hours.
    """
    made = RosterImport.objects.select_for_update(of=("self",)).select_related("course").get(pk=roster_import.pk)
    roster.require_roster_editor(actor, made.course)
    if made.undone_at is not None:
        return UndoReport(0, 0, [])
    if not made.can_be_undone:
        raise EnrollmentError("undo_expired", _("An import can be undone for 24 hours."))
    ended, kept = _end_unused(actor, made)
    pending = Invitation.objects.filter(course=made.course, accepted_at=None)
    invited = made.entries.exclude(invitation=None).values_list("invitation", flat=True)
    _rows, deleted = pending.filter(pk__in=list(invited), created_at__lte=made.created_at).delete()
    withdrawn = deleted.get("enrollments.Invitation", 0)
    made.undone_at = timezone.now()
    made.save(update_fields=["undone_at"])
    changes = {"ended": len(ended), "withdrawn": withdrawn, "kept": len(kept)}
    record(actor=actor, action="enrollments.import_undone", target=made, changes=changes)
    user_ids = [enrollment.user_id for enrollment in ended]
    payload = {"course_id": str(made.course_id), "title": made.course.title, "reason": "", "barred": False}
    push(user_ids, Event.ENROLLMENT_ENDED, payload)
    transaction.on_commit(partial(broadcast.send_access_change, user_ids))
    return UndoReport(len(ended), withdrawn, kept)


def _end_unused(actor: User, made: RosterImport) -> tuple[list[Enrollment], list[Enrollment]]:
    """End the enrollments of the import without work since; return those, and the ones that stay."""
    entries = made.entries.exclude(enrollment=None).values("enrollment")
    rows = Enrollment.objects.active().filter(pk__in=entries).select_for_update(of=("self",))
    locked = list(rows.order_by("pk").select_related("user"))
    # Read after the lock, so that work saved meanwhile is found.
    lessons = LessonProgress.objects.filter(enrollment=OuterRef("pk"), updated_at__gt=made.created_at)
    grades = GradeEntry.objects.filter(enrollment=OuterRef("pk"), created_at__gt=made.created_at)
    has_worked = Q(Exists(lessons)) | Q(Exists(grades)) | Q(last_activity_at__gt=made.created_at)
    worked = set(Enrollment.objects.filter(has_worked, pk__in=entries).values_list("pk", flat=True))
    ended = [enrollment for enrollment in locked if enrollment.pk not in worked]
    Enrollment.objects.filter(pk__in=[enrollment.pk for enrollment in ended]).update(is_active=False)
    _append_events(ended, EnrollmentEvent.Kind.REVOKED, actor, timezone.now())
    update_student_count(made.course_id, -len(ended))
    return ended, [enrollment for enrollment in locked if enrollment.pk in worked]
