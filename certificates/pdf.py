"""The certificate as a PDF: A4 or Letter on its side, set in bundled fonts, with a QR code of its verification page.

WeasyPrint fetches nothing: fonts and style come from installed packages and this project, and the document's own
fetcher allows data: addresses only. A name that is HTML stays text, by the template's escaping (QUALITY K02 and
fact 5). The same snapshot gives the same bytes: nothing in it tells when or where it was printed.
"""

import base64
import threading
from datetime import UTC
from functools import lru_cache

import segno
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from weasyprint import CSS, HTML
from weasyprint.urls import URLFetcher

from certificates.designs import ACCENT, CertificateTemplate, PageSize
from certificates.fonts import configuration_for
from certificates.models import Certificate

# Pango's font map is shared by the process; two threads that lay out at once corrupt it.
_one_at_a_time = threading.Lock()
DIMENSIONS = {PageSize.A4: ("297mm", "210mm"), PageSize.LETTER: ("279.4mm", "215.9mm")}


@lru_cache(maxsize=32)
def _style(page_size: str, accent: str) -> CSS:
    """Return the parsed style for a paper and a colour; both are checked when a template is saved."""
    width, height = DIMENSIONS[PageSize(page_size)]
    sheet = (settings.BASE_DIR / "static" / "css" / "certificate.css").read_text()
    # The colour stands in the pattern's data: address too, where a custom property does not reach.
    sheet = sheet.replace(ACCENT.replace("#", "%23"), accent.replace("#", "%23"))
    variables = (
        f"@page {{ size: {width} {height}; }}\n:root {{ --width: {width}; --height: {height}; --accent: {accent}; }}"
    )
    return CSS(string=sheet + variables)


def _picture(template: CertificateTemplate) -> str:
    """Return the template's signature as a data: address, or nothing."""
    if not template.signature:
        return ""
    with template.signature.open("rb") as file:
        content = file.read()
    kind = "png" if content.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def render(certificate: Certificate, *, issuer: str, template: CertificateTemplate | None = None) -> bytes:
    """Return the certificate as PDF bytes, unsigned. About 40 ms once the style is parsed, up to a second for a script
    that needs a rare font; no query, no network. Without a template it takes the built-in one."""
    template = template or CertificateTemplate()
    qr = segno.make(certificate.verify_url, error="m", micro=False)
    context = {
        "certificate": certificate,
        "template": template,
        "signature": _picture(template),
        "issuer": issuer,
        "qr": qr.svg_data_uri(border=0, dark="#1d1b18", nl=False),
        "verify_url": certificate.verify_url,
        "created": certificate.issued_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    # Whoever asked for it, the date is the site's.
    with timezone.override(timezone.get_default_timezone()), translation.override(settings.LANGUAGE_CODE):
        html = render_to_string("certificates/pdf.html", context)
    written = (
        issuer, certificate.student_name, certificate.course_title, certificate.instructor_name, template.heading,
        template.before_name, template.after_name, template.note,
    )  # fmt: skip
    with _one_at_a_time:
        fonts, faces = configuration_for("".join(written))
        fetcher = URLFetcher(allowed_protocols=("data",), allow_redirects=False)
        document = HTML(string=html, url_fetcher=fetcher, base_url=None)
        styles = [*faces, _style(template.page_size, template.accent)]
        pdf: bytes = document.write_pdf(stylesheets=styles, font_config=fonts, pdf_variant="pdf/ua-1")
    return pdf
