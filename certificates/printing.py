"""What tasks do with a certificate: print it, and write to its holder. Each does nothing the second time."""

import hashlib

from django.db import transaction
from django.utils import timezone

from certificates.errors import CertificateError
from certificates.models import Certificate
from certificates.states import CERTIFICATE
from lms.lib import mail
from lms.lib.lazy_modules import lazily
from lms.lib.stored_files import put_in_place
from lms.platform.models import SiteSettings
from realtime.models import Event
from realtime.services import push, wants_mail
from realtime.unsubscribing import link_for

pdf = lazily("certificates.pdf")
signing = lazily("certificates.signing")


def print_pdf(certificate_id: str) -> bool:
    """Print and sign a certificate's PDF and tell its holder, unless it is there; return whether this call printed it.

    A task that is delivered twice prints once (QUALITY K01, K04): the work is done before the row is locked, so that
    nobody waits for it, and the one who comes second to the lock throws theirs away.
    """
    waiting = Certificate.objects.select_related("template").get(pk=certificate_id)
    if not CERTIFICATE.check("print", waiting.state, raises=CertificateError):
        return False
    site = SiteSettings.current()
    issuer = site.certificate_issuer or site.name
    unsigned = pdf.render(waiting, issuer=issuer, template=waiting.template)
    # The number stands in plain signs in the signature, where the check of a changed file finds it (checking.py).
    return _keep(certificate_id, signing.sign(unsigned, reason=f"Certificate {waiting.certificate_number}"))


@transaction.atomic
def _keep(certificate_id: str, content: bytes) -> bool:
    """Write the file and the row that names it, unless another call was first; return whether it was not."""
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
def write_to_holder(certificate_id: str) -> bool:
    """Send the holder the mail about their certificate, unless it was sent or they want none; return whether this call
    saw to it."""
    certificate = (
        Certificate.objects.select_for_update(of=("self",)).select_related("user", "replaces").get(pk=certificate_id)
    )
    has_to_mail = CERTIFICATE.check("mail", certificate.state, raises=CertificateError)
    if certificate.mailed_at is not None or not has_to_mail:
        return False
    if wants_mail(certificate.user, Event.CERTIFICATE_ISSUED):
        context = {"certificate": certificate, "user": certificate.user}
        no_more = link_for(certificate.user_id, Event.CERTIFICATE_ISSUED)
        mail.send("certificate", to=certificate.user.email, context=context, unsubscribe_url=no_more)
    certificate.mailed_at = timezone.now()
    certificate.save(update_fields=["mailed_at"])
    return True


@transaction.atomic
def write_of_revocation(certificate_id: str) -> bool:
    """Send the holder the mail that their certificate was revoked, unless it was sent; return whether this call did."""
    certificate = Certificate.objects.select_for_update(of=("self",)).select_related("user").get(pk=certificate_id)
    if certificate.revoked_at is None or certificate.revocation_mailed_at is not None:
        return False
    context = {"certificate": certificate, "user": certificate.user}
    mail.send("certificate_revoked", to=certificate.user.email, context=context)
    certificate.revocation_mailed_at = timezone.now()
    certificate.save(update_fields=["revocation_mailed_at"])
    return True
