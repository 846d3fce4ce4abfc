"""Tasks of enrollments: mail, and completion after a course has changed."""

import uuid

from enrollments import completion
from enrollments.models import Enrollment, Invitation
from lms.lib import mail
from lms.platform.jobs import job


@job
def mail_enrollment(enrollment_id: str) -> None:
    """Welcome a student to a course."""
    enrollment = Enrollment.objects.select_related("user", "course", "course__instructor").get(pk=enrollment_id)
    context = {"user": enrollment.user, "course": enrollment.course}
    mail.send("enrolled", to=enrollment.user.email, context=context)


@job
def mail_invitation(invitation_id: str) -> None:
    """Send an invitation's link."""
    invitation = Invitation.objects.select_related("course", "invited_by").get(pk=invitation_id)
    context = {
        "course": invitation.course,
        "teacher": invitation.invited_by,
        "token": invitation.token,
        "invitation": invitation,
    }
    mail.send("invitation", to=invitation.email, context=context)


@job
def complete_finished_enrollments(course_id: str) -> int:
    """Complete the enrollments of a course that miss nothing since it was changed; return how many."""
    return completion.complete_finished_enrollments(course_id=uuid.UUID(course_id))
