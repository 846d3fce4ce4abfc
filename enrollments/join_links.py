"""Services for join links, with which any user can enroll in a course."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from core.audit.entries import record
from courses.models import Course
from enrollments import roster, services
from enrollments.errors import EnrollmentError
from enrollments.models import Enrollment, JoinLink, Source

MAX_LINKS = 50  # of one course


@transaction.atomic
def create_join_link(
    *, actor: User, course: Course, expires_at: datetime | None = None, max_uses: int | None = None
) -> JoinLink:
    """Create a join link of a course; return it.

    Raises EnrollmentError `not_your_course` (403), `expires_in_the_past` (400), `too_many_links` (409).
    """
    roster.require_roster_editor(actor, course)
    if expires_at is not None and expires_at <= timezone.now():
        raise EnrollmentError("expires_in_the_past", _("Choose a time in the future."), status=400)
    if JoinLink.objects.unrevoked().filter(course=course).count() >= MAX_LINKS:
        detail = _("A course can have %d join links. Turn off one that you don't need anymore.") % MAX_LINKS
        raise EnrollmentError("too_many_links", detail)
    link = JoinLink.objects.create(course=course, created_by=actor, expires_at=expires_at, max_uses=max_uses)
    changes = {"course": str(course.pk), "expires_at": expires_at and expires_at.isoformat(), "max_uses": max_uses}
    record(actor=actor, action="enrollments.join_link_created", target=link, changes=changes)
    return link


@transaction.atomic
def revoke_join_link(*, actor: User, link: JoinLink) -> JoinLink:
    """Turn off a join link; return it. Students who joined stay. A repeat has no effect.

    Raises EnrollmentError `not_your_course` (403).
    """
    link = JoinLink.objects.select_for_update(of=("self",)).select_related("course").get(pk=link.pk)
    roster.require_roster_editor(actor, link.course)
    if link.revoked_at is None:
        link.revoked_at = timezone.now()
        link.save(update_fields=["revoked_at"])
        record(actor=actor, action="enrollments.join_link_revoked", target=link)
    return link


def get_join_link(key: str) -> JoinLink:
    """Return the link with this key; raise EnrollmentError `unknown_link` (404) if it does not exist or was revoked."""
    link = JoinLink.objects.unrevoked().select_related("course", "course__instructor").filter(key=key).first()
    if link is None:
        raise EnrollmentError("unknown_link", _("This join link doesn't exist, or was turned off."), status=404)
    return link


@transaction.atomic
def join_course(*, actor: User, link: JoinLink) -> tuple[Enrollment, bool]:
    """Enroll `actor` by a join link; return the enrollment, and whether this call enrolled the user.

    The link is locked, so that concurrent calls do not exceed its maximum of uses. A student of the course uses none.
    Raises EnrollmentError `unknown_link` (404), `link_expired` or `link_used_up` (410), `not_published` (409), and the
    errors of `enroll()`.
    """
    locked = JoinLink.objects.select_for_update(of=("self",)).filter(pk=link.pk, revoked_at=None).first()
    if locked is None:
        raise EnrollmentError("unknown_link", _("This join link doesn't exist, or was turned off."), status=404)
    course = Course.objects.select_related("instructor").get(pk=locked.course_id)
    enrolled = Enrollment.objects.active().filter(user=actor, course=course).first()
    if enrolled is not None:
        return enrolled, False
    services.require_not_barred(actor, course, raises=EnrollmentError)
    refusal = find_refusal(locked, course)
    if refusal is not None:
        raise refusal
    enrollment, is_new = services.enroll_once(actor=actor, user=actor, course=course, source=Source.LINK)
    if is_new:
        locked.uses += 1
        locked.save(update_fields=["uses"])
    return enrollment, is_new


def find_refusal(link: JoinLink, course: Course) -> EnrollmentError | None:
    """Return the error for a link that enrolls no further student, or None."""
    if link.is_expired:
        return EnrollmentError("link_expired", _("This join link has expired. Ask for a new one."), status=410)
    if link.is_used_up:
        detail = _("All places of this join link are taken. Ask for a new one.")
        return EnrollmentError("link_used_up", detail, status=410)
    if not course.is_published:
        return EnrollmentError("not_published", _("This course is not published at the moment."))
    return None


def describe_problem(link: JoinLink) -> str:
    """Return why the link enrolls no further student, for its page; empty if it does."""
    refusal = find_refusal(link, link.course)
    return str(refusal.detail) if refusal else ""
