"""What certificates do when a course is completed, or given back."""

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from certificates.models import Certificate
from certificates.services import generate, revoke
from enrollments.models import Enrollment
from enrollments.signals import access_refunded, course_completed
from lms.platform.models import SiteSettings


@receiver(course_completed, dispatch_uid="certificates.issue")
def issue_certificate(sender: type[Enrollment], enrollment: Enrollment, actor: Any, **kwargs: Any) -> None:
    """Issue the certificate in the transaction that completes the course."""
    generate(actor=actor, enrollment=enrollment)


@receiver(access_refunded, dispatch_uid="certificates.take_back")
def revoke_certificate(sender: type[Enrollment], enrollment: Enrollment, actor: Any, **kwargs: Any) -> None:
    """Revoke the certificate of a course whose price was given back, where the site's settings say so."""
    certificate = Certificate.objects.filter(enrollment=enrollment).first()
    if certificate is not None and SiteSettings.current().revoke_certificate_on_refund:
        revoke(actor=actor, certificate=certificate, reason=_("The course was refunded."))
