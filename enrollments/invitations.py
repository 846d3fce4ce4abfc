"""Services for invitations: an email with a link that enrolls one person in a course, once."""

import uuid
from datetime import timedelta

from django.core import signing
from django.core.validators import validate_email
from django.db import transaction
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import mail_limits
from accounts.models import User
from accounts.registry import RegistrationHint
from core.audit.entries import record
from core.text.email_addresses import normalize_email
from courses.models import Course
from enrollments import services
from enrollments.errors import EnrollmentError
from enrollments.models import INVITATION_SALT, Enrollment, Invitation, Source
from enrollments.tasks import mail_invitation

VALID_FOR = timedelta(days=14)


def get_invitation(token: str) -> Invitation | None:
    """Return the invitation of a link's token; None if the token is forged or the invitation does not exist."""
    try:
        invitation_id = uuid.UUID(signing.Signer(salt=INVITATION_SALT).unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    return (
        Invitation.objects.select_related("course", "course__instructor", "invited_by").filter(pk=invitation_id).first()
    )


def find_hint(path: str) -> RegistrationHint | None:
    """Return the hint for a visitor who wants to open an invitation: who invited them to what, and their address."""
    try:
        match = resolve(path)
    except Resolver404:
        return None
    invitation = get_invitation(match.kwargs["token"]) if match.view_name == "enrollments:invitation" else None
    if invitation is None or invitation.accepted_at is not None:
        return None
    values = {"name": invitation.invited_by.get_mail_name(), "course": invitation.course.title}
    text = _("%(name)s invited you to “%(course)s”.") % values
    return RegistrationHint(text, invitation.email, invitation.full_name)


@transaction.atomic
def send_invitation(*, actor: User, course: Course, email: str) -> Invitation:
    """Invite an email address to a course; return the invitation. The email is sent after the commit.

    Inviting an address again renews the pending invitation and sends it again. Raises ValidationError for an invalid
    address, EnrollmentError `not_published`, `already_enrolled`, `barred` (409), LimitError `too_many_mails` (429).
    """
    email = normalize_email(email)
    validate_email(email)
    Invitation._meta.get_field("email").run_validators(email)
    # Lock the inviter's row, so that concurrent calls do not invite an address twice.
    User.objects.select_for_update().get(pk=actor.pk)
    if not course.is_published:
        raise EnrollmentError("not_published", _("Publish the course before you invite students."))
    if Enrollment.objects.active().filter(course=course, user__email__iexact=email).exists():
        raise EnrollmentError("already_enrolled", _("%s is already enrolled in this course.") % email)
    if Enrollment.objects.barred().filter(course=course, user__email__iexact=email).exists():
        detail = _("%s was removed from this course. Readmit them in the list of students.") % email
        raise EnrollmentError("barred", detail)
    mail_limits.spend_mail(sender=actor, recipient=email, course_id=course.pk)
    invitation, _created = Invitation.objects.update_or_create(
        course=course,
        email=email,
        accepted_at=None,
        defaults={"invited_by": actor, "expires_at": timezone.now() + VALID_FOR, "created_at": timezone.now()},
    )
    record(actor=actor, action="enrollments.invited", target=invitation, changes={"course": str(course.pk)})
    mail_invitation.delay_on_commit(str(invitation.pk))
    return invitation


@transaction.atomic
def accept_invitation(*, actor: User, invitation: Invitation) -> Enrollment:
    """Enroll `actor` in the course of an invitation without payment; return the enrollment.

    Raises EnrollmentError `invitation_used`, `invitation_expired` or `not_published` (409), and the errors of
    `enroll()`. The invitation can still be used after an error.
    """
    invitation = Invitation.objects.select_for_update(of=("self",)).select_related("course").get(pk=invitation.pk)
    if invitation.accepted_at is not None:
        raise EnrollmentError("invitation_used", _("This invitation has already been used."))
    if invitation.expires_at <= timezone.now():
        raise EnrollmentError("invitation_expired", _("This invitation has expired. Ask for a new one."))
    if not invitation.course.is_published:
        raise EnrollmentError("not_published", _("This course is not published at the moment."))
    enrollment = services.enroll(actor=actor, user=actor, course=invitation.course, source=Source.INVITED)
    invitation.accepted_at, invitation.accepted_by = timezone.now(), actor
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    record(actor=actor, action="enrollments.invitation_accepted", target=invitation)
    return enrollment
