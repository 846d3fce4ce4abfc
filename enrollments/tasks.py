"""Mail about enrolments."""

from enrollments.models import Enrollment
from lms.lib import mail
from lms.platform.jobs import job


@job
def mail_enrollment(enrollment_id: str) -> None:
    """Welcome a student to a course."""
    enrollment = Enrollment.objects.select_related("user", "course", "course__instructor").get(pk=enrollment_id)
    context = {"user": enrollment.user, "course": enrollment.course}
    mail.send("enrolled", to=enrollment.user.email, context=context)
