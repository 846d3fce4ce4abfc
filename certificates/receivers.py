"""Receivers that issue and revoke certificates."""

from typing import Any

from django.dispatch import receiver
from django.utils.translation import gettext as _

from certificates.models import Certificate
from certificates.services import generate, revoke
from core.models import SiteSettings
from enrollments.models import Enrollment
from enrollments.signals import access_refunded, course_completed


@receiver(course_completed, dispatch_uid="certificates.issue")
def issue_certificate(sender: type[Enrollment], enrollment: Enrollment, actor: Any, **kwargs: Any) -> None:
    """Issue the certificate in the transaction that completes the course."""
    generate(actor=actor, enrollment=enrollment)


@receiver(access_refunded, dispatch_uid="certificates.take_back")
def revoke_certificate(sender: type[Enrollment], enrollment: Enrollment, actor: Any, **kwargs: Any) -> None:
    """Revoke the certificate of a refunded course, if the site's settings require it."""
    certificate = Certificate.objects.filter(enrollment=enrollment).first()
    if certificate is not None and SiteSettings.current().revoke_certificate_on_refund:
        revoke(actor=actor, certificate=certificate, reason=_("The course was refunded."))
