"""Mail about enrolments."""

from celery import shared_task

from enrollments.models import Enrollment
from lms.lib import mail


@shared_task
def mail_enrollment(enrollment_id: str) -> None:
    """Welcome a student to a course."""
    enrollment = Enrollment.objects.select_related("user", "course", "course__instructor").get(pk=enrollment_id)
    context = {"user": enrollment.user, "course": enrollment.course}
    mail.send("enrolled", to=enrollment.user.email, context=context)
