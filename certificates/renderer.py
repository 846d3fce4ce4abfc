"""Work of the certificate tasks: render the PDF and email the holder. All functions are idempotent."""

import hashlib

from django.db import transaction
from django.utils import timezone

from certificates.errors import CertificateError
from certificates.models import Certificate
from certificates.states import CERTIFICATE
from core.db.stored_files import put_in_place
from core.mail import delivery
from core.models import SiteSettings
from realtime.models import Event
from realtime.services import push, wants_mail
from realtime.unsubscribe import unsubscribe_url


def render_pdf(certificate_id: str) -> bool:
    """Render and sign a certificate's PDF and notify its holder; return whether this call stored the PDF.

    A task that is delivered twice stores one PDF (quality rows K01 and K04). Rendering happens before the row is
    locked, so that no other transaction waits for it; the loser of a race discards its PDF.
    """
    certificate = Certificate.objects.select_related("template").get(pk=certificate_id)
    if not CERTIFICATE.check("print", certificate.state, raises=CertificateError):
        return False
    from certificates import pdf, signature  # noqa: PLC0415  # WeasyPrint and pyHanko take two seconds to import

    site = SiteSettings.current()
    issuer = site.certificate_issuer or site.name
    unsigned = pdf.render(certificate, issuer=issuer, template=certificate.template)
    # The signature contains the number as plain text, by which `verification` identifies modified files.
    return _store_pdf(certificate_id, signature.sign(unsigned, reason=f"Certificate {certificate.certificate_number}"))


@transaction.atomic
def _store_pdf(certificate_id: str, content: bytes) -> bool:
    """Store the PDF in the file and the row, unless another call did; return whether this call did."""
    certificate = Certificate.objects.select_for_update(of=("self",)).get(pk=certificate_id)
    if not CERTIFICATE.check("print", certificate.state, raises=CertificateError):
        return False
    put_in_place(certificate.pdf, f"{certificate.pk}.pdf", content)
    certificate.pdf_sha256 = hashlib.sha256(content).hexdigest()
    certificate.save(update_fields=["pdf", "pdf_sha256"])
    payload = {
        "certificate_id": str(certificate.pk),
        "certificate_number": certificate.certificate_number,
        "course_id": str(certificate.course_id),
        "title": certificate.course_title,
    }
    push([certificate.user_id], Event.CERTIFICATE_ISSUED, payload)
    return True


@transaction.atomic
def send_certificate_email(certificate_id: str) -> bool:
    """Email the certificate to its holder unless that was done; return whether this call handled it.

    No email is sent to holders who have unsubscribed.
    """
    certificate = (
        Certificate.objects.select_for_update(of=("self",)).select_related("user", "replaces").get(pk=certificate_id)
    )
    has_to_mail = CERTIFICATE.check("mail", certificate.state, raises=CertificateError)
    if certificate.mailed_at is not None or not has_to_mail:
        return False
    if wants_mail(certificate.user, Event.CERTIFICATE_ISSUED):
        context = {"certificate": certificate, "user": certificate.user}
        no_more = unsubscribe_url(certificate.user_id, Event.CERTIFICATE_ISSUED)
        delivery.send("certificate", to=certificate.user.email, context=context, unsubscribe_url=no_more)
    certificate.mailed_at = timezone.now()
    certificate.save(update_fields=["mailed_at"])
    return True


@transaction.atomic
def send_revocation_email(certificate_id: str) -> bool:
    """Email the holder that the certificate was revoked, unless that was done; return whether this call sent it."""
    certificate = Certificate.objects.select_for_update(of=("self",)).select_related("user").get(pk=certificate_id)
    if certificate.revoked_at is None or certificate.revocation_mailed_at is not None:
        return False
    context = {"certificate": certificate, "user": certificate.user}
    delivery.send("certificate_revoked", to=certificate.user.email, context=context)
    certificate.revocation_mailed_at = timezone.now()
    certificate.save(update_fields=["revocation_mailed_at"])
    return True
