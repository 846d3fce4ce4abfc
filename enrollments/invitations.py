"""An instructor's invitations: a mail with a link that lets one person into a course, once."""

import uuid
from datetime import timedelta

from django.core import signing
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from courses.models import Course
from enrollments import services
from enrollments.errors import EnrollmentError
from enrollments.models import INVITATION_SALT, Enrollment, Invitation, Source
from enrollments.tasks import mail_invitation
from lms.platform.audit import record

GOOD_FOR = timedelta(days=14)
MOST_A_DAY = 200


def invitation_of(token: str) -> Invitation | None:
    """Return the invitation that a link's token names; None for a forged one."""
    try:
        found = uuid.UUID(signing.Signer(salt=INVITATION_SALT).unsign(token))
    except (signing.BadSignature, ValueError):
        return None
    return Invitation.objects.select_related("course", "course__instructor").filter(pk=found).first()


@transaction.atomic
def invite(*, actor: User, course: Course, email: str) -> Invitation:
    """Invite an address into a course; return the invitation. The mail goes out after the commit.

    Inviting an address again sends the same invitation again, with a new end. Raises ValidationError for what is no
    address, EnrollmentError `not_published`, `already_enrolled` or `too_many_invitations` (429).
    """
    email = email.strip().lower()
    validate_email(email)
    Invitation._meta.get_field("email").run_validators(email)
    # The inviter's own row: two invitations of one address at once queue up here, and so does the count of the day.
    User.objects.select_for_update().get(pk=actor.pk)
    if not course.is_published:
        raise EnrollmentError("not_published", _("Publish the course first: nobody can open a draft."))
    if Enrollment.objects.active().filter(course=course, user__email__iexact=email).exists():
        raise EnrollmentError("already_enrolled", _("%s is in this course already.") % email)
    today = Invitation.objects.filter(invited_by=actor, created_at__gt=timezone.now() - timedelta(days=1))
    if today.count() >= MOST_A_DAY:
        raise EnrollmentError(
            "too_many_invitations", _("That is enough for one day. Go on tomorrow."), status=429, retry_after=86_400
        )
    invitation, _made = Invitation.objects.update_or_create(
        course=course,
        email=email,
        accepted_at=None,
        defaults={"invited_by": actor, "expires_at": timezone.now() + GOOD_FOR, "created_at": timezone.now()},
    )
    record(actor=actor, action="enrollments.invited", target=invitation, changes={"course": str(course.pk)})
    mail_invitation.delay_on_commit(str(invitation.pk))
    return invitation


@transaction.atomic
def accept(*, actor: User, invitation: Invitation) -> Enrollment:
    """Let `actor` into the course, also into a paid one; return the enrolment. The link is used up.

    Raises EnrollmentError `invitation_used` or `invitation_expired` (409), and what `enroll()` raises; the link stays
    good then.
    """
    invitation = Invitation.objects.select_for_update(of=("self",)).select_related("course").get(pk=invitation.pk)
    if invitation.accepted_at is not None:
        raise EnrollmentError("invitation_used", _("This invitation has been used."))
    if invitation.expires_at <= timezone.now():
        raise EnrollmentError("invitation_expired", _("This invitation has run out. Ask for a new one."))
    if not invitation.course.is_published:
        raise EnrollmentError("not_published", _("This course is not open at the moment."))
    enrollment = services.enroll(actor=actor, user=actor, course=invitation.course, source=Source.INVITED)
    invitation.accepted_at, invitation.accepted_by = timezone.now(), actor
    invitation.save(update_fields=["accepted_at", "accepted_by"])
    record(actor=actor, action="enrollments.invitation_accepted", target=invitation)
    return enrollment
