"""What certificates do when a course is completed."""

from typing import Any

from django.dispatch import receiver

from certificates.services import generate
from enrollments.models import Enrollment
from enrollments.signals import course_completed


@receiver(course_completed, dispatch_uid="certificates.issue")
def issue_certificate(sender: type[Enrollment], enrollment: Enrollment, actor: Any, **kwargs: Any) -> None:
    """Issue the certificate in the transaction that completes the course."""
    generate(actor=actor, enrollment=enrollment)
