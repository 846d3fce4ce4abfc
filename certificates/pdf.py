"""The certificate as a PDF: A4 or Letter on its side, set in bundled fonts, with a QR code of its verification page.

WeasyPrint fetches nothing: fonts and style come from installed packages and this project, and the document's own
fetcher allows data: addresses only. A name that is HTML stays text, by the template's escaping (QUALITY K02 and
fact 5). The same snapshot gives the same bytes: nothing in it tells when or where it was printed.
"""

import base64
import threading
from datetime import UTC
from functools import lru_cache
from io import BytesIO

import segno
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from PIL import Image
from weasyprint import CSS, HTML
from weasyprint.urls import URLFetcher

from certificates.designs import ACCENT, CertificateTemplate, PageSize
from certificates.fonts import fonts_for
from certificates.models import Certificate

# Pango's font map is shared by the process; two threads that lay out at once corrupt it.
_one_at_a_time = threading.Lock()
DOTS_A_MODULE = 4  # of the code's picture, so that readers that blur what they enlarge leave its edges alone
# Any of QR's eight masks makes a code that every reader takes. Trying all of them for the smoothest costs more than all
# the rest of the code, and a tenth of the page.
MASK = 0
DIMENSIONS = {PageSize.A4: ("297mm", "210mm"), PageSize.LETTER: ("279.4mm", "215.9mm")}


@lru_cache(maxsize=64)
def _style(page_size: str, accent: str, families: tuple[str, ...]) -> CSS:
    """Return the parsed style for a paper and a colour, which are checked when a template is saved, and the families
    of names and titles."""
    width, height = DIMENSIONS[PageSize(page_size)]
    sheet = (settings.BASE_DIR / "static" / "css" / "certificate.css").read_text()
    # The colour stands in the pattern's data: address too, where a custom property does not reach.
    sheet = sheet.replace(ACCENT.replace("#", "%23"), accent.replace("#", "%23"))
    serif = ", ".join(f'"{family}"' for family in families) + ", serif"
    for name, value in {"width": width, "height": height, "accent": accent, "serif": serif}.items():
        sheet = sheet.replace(f"var(--{name})", value)
    return CSS(string=f"{sheet}@page {{ size: {width} {height}; }}")


def _picture(template: CertificateTemplate) -> str:
    """Return the template's signature as a data: address, or nothing."""
    if not template.signature:
        return ""
    with template.signature.open("rb") as file:
        content = file.read()
    kind = "png" if content.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _code(address: str) -> str:
    """Return the QR code of an address as a data: address. A picture of dots: a path costs WeasyPrint a sixth of the
    page, and segno's own PNG writer more than the code."""
    rows = segno.make(address, error="m", micro=False, mask=MASK).matrix
    dots = Image.frombytes("L", (len(rows), len(rows)), bytes(0 if dark else 255 for row in rows for dark in row))
    enlarged = dots.resize((len(rows) * DOTS_A_MODULE,) * 2, Image.Resampling.NEAREST).convert("1")
    written = BytesIO()
    enlarged.save(written, "PNG")
    return f"data:image/png;base64,{base64.b64encode(written.getvalue()).decode()}"


def render(certificate: Certificate, *, issuer: str, template: CertificateTemplate | None = None) -> bytes:
    """Return the certificate as PDF bytes, unsigned. About 35 ms once the style is parsed, up to half a second for a
    script that needs a rare font; no query, no network. Without a template it takes the built-in one."""
    template = template or CertificateTemplate()
    context = {
        "certificate": certificate,
        "template": template,
        "signature": _picture(template),
        "issuer": issuer,
        "qr": _code(certificate.verify_url),
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
        fonts = fonts_for("".join(written))
        fetcher = URLFetcher(allowed_protocols=("data",), allow_redirects=False)
        document = HTML(string=html, url_fetcher=fetcher, base_url=None)
        styles = [fonts.declared, _style(template.page_size, template.accent, fonts.families)]
        pdf: bytes = document.write_pdf(stylesheets=styles, font_config=fonts.configuration, pdf_variant="pdf/ua-1")
    return pdf
