"""Tasks that render certificates and email their holders."""

from datetime import timedelta

from django.utils import timezone

from certificates import renderer
from certificates.models import Certificate
from core.jobs.job import job

RETRY_AFTER = timedelta(minutes=2)
BATCH = 100


@job("certificates.render_certificate")
def render_certificate(certificate_id: str) -> None:
    """Render a certificate, then schedule the email. Both steps are skipped if they are done already."""
    renderer.render_pdf(certificate_id)
    mail_certificate.send_or_defer(certificate_id)


@job("certificates.mail_certificate")
def mail_certificate(certificate_id: str) -> None:
    """Email the holder about their certificate."""
    renderer.send_certificate_email(certificate_id)


@job("certificates.mail_revocation")
def mail_revocation(certificate_id: str) -> None:
    """Email the holder that their certificate was revoked, with the reason."""
    renderer.send_revocation_email(certificate_id)


@job("certificates.render_pending")
def render_pending() -> int:
    """Queue certificates whose rendering or email was lost with a broker or worker; return their number."""
    unfinished = Certificate.objects.unfinished().filter(issued_at__lt=timezone.now() - RETRY_AFTER)[:BATCH]
    for certificate in unfinished:
        render_certificate.send_or_defer(str(certificate.pk))
    return len(unfinished)
