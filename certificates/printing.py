"""What tasks do with a certificate: print it, and write to its holder. Each does nothing the second time."""

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from certificates import pdf
from certificates.models import Certificate
from lms.lib import mail
from lms.platform.models import SiteSettings
from realtime.models import Event
from realtime.services import push


@transaction.atomic
def print_pdf(certificate_id: str) -> bool:
    """Print a certificate's PDF and tell its holder, unless it is there; return whether this call printed it.

    The row stays locked meanwhile, so that a task that is delivered twice prints once (QUALITY K01, K04).
    """
    certificate = Certificate.objects.select_for_update(of=("self",)).get(pk=certificate_id)
    if certificate.pdf:
        return False
    site = SiteSettings.current()
    content = pdf.render(certificate, issuer=site.certificate_issuer or site.name)
    certificate.pdf.save(f"{certificate.pk}.pdf", ContentFile(content), save=False)
    certificate.save(update_fields=["pdf"])
    payload = {
        "certificate_id": str(certificate.pk),
        "certificate_number": certificate.certificate_number,
        "course_id": str(certificate.course_id),
        "title": certificate.course_title,
    }
    push([certificate.user_id], Event.CERTIFICATE_ISSUED, payload)
    return True


@transaction.atomic
def write_to_holder(certificate_id: str) -> bool:
    """Send the holder the mail about their certificate, unless it was sent; return whether this call sent it."""
    certificate = Certificate.objects.select_for_update(of=("self",)).select_related("user").get(pk=certificate_id)
    if certificate.mailed_at is not None:
        return False
    mail.send("certificate", to=certificate.user.email, context={"certificate": certificate, "user": certificate.user})
    certificate.mailed_at = timezone.now()
    certificate.save(update_fields=["mailed_at"])
    return True
