"""Tasks of enrollments: emails, and completion after a change of a course."""

import uuid

from core.jobs.job import job
from core.mail import delivery
from enrollments import completion
from enrollments.models import Enrollment, Invitation


@job("enrollments.mail_enrollment")
def mail_enrollment(enrollment_id: str) -> None:
    """Send the welcome email of a course."""
    enrollment = Enrollment.objects.select_related("user", "course", "course__instructor").get(pk=enrollment_id)
    context = {"user": enrollment.user, "course": enrollment.course}
    delivery.send("enrolled", to=enrollment.user.email, context=context)


@job("enrollments.mail_invitation")
def mail_invitation(invitation_id: str) -> None:
    """Send the email with the link of an invitation."""
    invitation = Invitation.objects.select_related("course", "invited_by").get(pk=invitation_id)
    context = {
        "course": invitation.course,
        "teacher": invitation.invited_by,
        "token": invitation.token,
        "invitation": invitation,
    }
    delivery.send("invitation", to=invitation.email, context=context)


@job("enrollments.complete_finished_enrollments")
def complete_finished_enrollments(course_id: str) -> int:
    """Complete the enrollments that meet all requirements after a change of the course; return their number."""
    return completion.complete_finished_enrollments(course_id=uuid.UUID(course_id))
