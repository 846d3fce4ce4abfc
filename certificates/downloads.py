"""Handing out the PDF."""

from django.http import FileResponse
from django.utils.text import slugify
from django.utils.translation import gettext as _

from certificates.errors import CertificateError
from certificates.models import Certificate


def as_download(certificate: Certificate) -> FileResponse:
    """Return the certificate's PDF as a file to keep. Raises CertificateError `certificate_pending`, with when to come
    back, while it is being printed (QUALITY K04)."""
    if not certificate.pdf:
        raise CertificateError(
            "certificate_pending", _("Your certificate is being printed. Try again in a moment."), retry_after=2
        )
    name = f"certificate-{slugify(certificate.course_title) or certificate.certificate_number}.pdf"
    response = FileResponse(
        certificate.pdf.open("rb"), as_attachment=True, filename=name, content_type="application/pdf"
    )
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
