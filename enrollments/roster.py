"""Services for the roster of a course: add one student by account or by email address."""

import uuid
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from core.text.email_addresses import normalize_email
from courses.models import Course
from enrollments import invitations, services
from enrollments.errors import EnrollmentError
from enrollments.models import Enrollment, Invitation, Source


@dataclass(frozen=True)
class AddedStudent:
    """The result of adding a student: an enrollment, or an invitation of an address without an account."""

    enrollment: Enrollment | None = None
    invitation: Invitation | None = None
    is_new: bool = True


@transaction.atomic
def add_student(*, actor: User, course: Course, user: User | None = None, email: str = "") -> AddedStudent:
    """Enroll a user in a course without payment, or invite an address without an account.

    A student who was removed is readmitted; a student of the course stays as they are. Raises EnrollmentError
    `not_your_course` (403), `not_published`, `own_course`, `account_closed` (409), and the errors of
    `send_invitation()`.
    """
    require_roster_editor(actor, course)
    require_published(course)
    user = user or User.objects.filter(email=normalize_email(email)).first()
    if user is None:
        return AddedStudent(invitation=invitations.send_invitation(actor=actor, course=course, email=email))
    refusal = find_refusal(course, user)
    if refusal is not None:
        raise refusal
    return _enroll(actor, course, user)


def _enroll(actor: User, course: Course, user: User) -> AddedStudent:
    enrollment = Enrollment.objects.filter(course=course, user=user).select_related("course").first()
    if enrollment is not None and enrollment.is_active:
        return AddedStudent(enrollment, is_new=False)
    if enrollment is not None and enrollment.is_barred:
        return AddedStudent(services.readmit_student(actor=actor, enrollment=enrollment))
    enrolled, is_new = services.enroll_once(actor=actor, user=user, course=course, source=Source.ADDED)
    return AddedStudent(enrolled, is_new=is_new)


def require_roster_editor(actor: User, course: Course) -> None:
    """Raise EnrollmentError `not_your_course` (403) unless `actor` may add students to the course."""
    if not services.can_manage_students(actor, course):
        raise EnrollmentError("not_your_course", _("Only the instructor of the course can add students."), status=403)


def require_published(course: Course) -> None:
    """Raise EnrollmentError `not_published` (409) for a draft."""
    if not course.is_published:
        raise EnrollmentError("not_published", _("Publish the course before you add students."))


def find_refusal(course: Course, user: User) -> EnrollmentError | None:
    """Return the error that prevents that the user becomes a student of the course, or None. No query."""
    if not user.is_active:
        return EnrollmentError("account_closed", _("The account of %s is closed.") % user.email)
    if user.pk == course.instructor_id:
        return EnrollmentError("own_course", _("The instructor of a course can't be its student."))
    return None


def find_user(user_id: uuid.UUID) -> User:
    """Return an active user; raise EnrollmentError `unknown_user` (404)."""
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        raise EnrollmentError("unknown_user", _("There is no user with this id."), status=404)
    return user
