"""Printing certificates, and telling their holders."""

from datetime import timedelta

from django.utils import timezone

from certificates import printing
from certificates.models import Certificate
from lms.platform.jobs import job

FORGOTTEN_AFTER = timedelta(minutes=2)
BATCH = 100


@job
def render_certificate(certificate_id: str) -> None:
    """Print a certificate, then have the mail sent; both do nothing when they are done already."""
    printing.print_pdf(certificate_id)
    mail_certificate.send_or_defer(certificate_id)


@job
def mail_certificate(certificate_id: str) -> None:
    """Send the holder the mail about their certificate."""
    printing.write_to_holder(certificate_id)


@job
def mail_revocation(certificate_id: str) -> None:
    """Send the holder the mail that says that their certificate was revoked, and why."""
    printing.write_of_revocation(certificate_id)


@job
def render_pending() -> int:
    """Queue certificates whose printing, or whose mail, was lost with a broker or a worker; return how many."""
    lost = Certificate.objects.unfinished().filter(issued_at__lt=timezone.now() - FORGOTTEN_AFTER)[:BATCH]
    for certificate in lost:
        render_certificate.send_or_defer(str(certificate.pk))
    return len(lost)
