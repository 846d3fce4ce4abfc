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


@job("enrollments.mail_enrollments")
def mail_enrollments(enrollment_ids: list[str]) -> None:
    """Queue the welcome emails of several enrollments, so that a failure repeats one email only."""
    for enrollment_id in enrollment_ids:
        mail_enrollment.delay_on_commit(enrollment_id)


@job("enrollments.mail_invitations")
def mail_invitations(invitation_ids: list[str]) -> None:
    """Queue the emails of several invitations. Those that were withdrawn meanwhile are left out."""
    for invitation_id in Invitation.objects.filter(pk__in=invitation_ids).values_list("pk", flat=True):
        mail_invitation.delay_on_commit(str(invitation_id))


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
