"""Certificate as a PDF: A4 or Letter in landscape, with bundled fonts and a QR code of the verification page.

WeasyPrint has no network or file access: fonts and styles come from installed packages and this project, and the
fetcher of the document allows data: URLs only. HTML in names is escaped by the template (quality row K02 and fact 5).
The same snapshot renders to the same bytes: the PDF contains neither the time nor the place of its rendering.
"""

import base64
from datetime import UTC
from functools import lru_cache
from io import BytesIO

import segno
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from PIL import Image
from weasyprint import CSS

from certificates.designs import ACCENT, CertificateTemplate, PageSize
from certificates.fonts import fonts_for
from certificates.models import Certificate
from core.text.pdf import layout_lock, write_pdf

PIXELS_PER_MODULE = 4  # keeps the edges of the QR code sharp in viewers that smooth enlarged images
# Every reader accepts any of the eight masks of a QR code. Trying all of them for the best one takes longer than the
# rest of the code, and a tenth of the page's time.
MASK = 0
DIMENSIONS = {PageSize.A4: ("297mm", "210mm"), PageSize.LETTER: ("279.4mm", "215.9mm")}


@lru_cache(maxsize=64)
def _style(page_size: str, accent: str, families: tuple[str, ...]) -> CSS:
    """Return the parsed style sheet for a paper size, a color and the font families of names and titles.

    Color and paper size are validated when a template is saved.
    """
    width, height = DIMENSIONS[PageSize(page_size)]
    sheet = (settings.BASE_DIR / "static" / "css" / "certificate.css").read_text()
    # The color is also part of the pattern's data: URL, where custom properties do not apply.
    sheet = sheet.replace(ACCENT.replace("#", "%23"), accent.replace("#", "%23"))
    serif = ", ".join(f'"{family}"' for family in families) + ", serif"
    for name, value in {"width": width, "height": height, "accent": accent, "serif": serif}.items():
        sheet = sheet.replace(f"var(--{name})", value)
    return CSS(string=f"{sheet}@page {{ size: {width} {height}; }}")


def _signature_url(template: CertificateTemplate) -> str:
    """Return the template's signature as a data: URL; "" without one."""
    if not template.signature:
        return ""
    with template.signature.open("rb") as file:
        content = file.read()
    kind = "png" if content.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _qr_code_url(address: str) -> str:
    """Return the QR code of a URL as a data: URL.

    It is a bitmap written by Pillow: as a path it would take WeasyPrint a sixth of the page's time, and the PNG writer
    of segno takes longer than the code itself.
    """
    rows = segno.make(address, error="m", micro=False, mask=MASK).matrix
    dots = Image.frombytes("L", (len(rows), len(rows)), bytes(0 if dark else 255 for row in rows for dark in row))
    enlarged = dots.resize((len(rows) * PIXELS_PER_MODULE,) * 2, Image.Resampling.NEAREST).convert("1")
    output = BytesIO()
    enlarged.save(output, "PNG")
    return f"data:image/png;base64,{base64.b64encode(output.getvalue()).decode()}"


def render(certificate: Certificate, *, issuer: str, template: CertificateTemplate | None = None) -> bytes:
    """Return the certificate as an unsigned PDF; without a template, in the built-in design.

    About 35 ms once the style is parsed, up to half a second for a script that needs a fallback font. No query, no
    network.
    """
    template = template or CertificateTemplate()
    context = {
        "certificate": certificate,
        "template": template,
        "signature": _signature_url(template),
        "issuer": issuer,
        "qr": _qr_code_url(certificate.verify_url),
        "verify_url": certificate.verify_url,
        "created": certificate.issued_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    # The PDF does not depend on the user who requested it: dates are in the site's time zone and language.
    with timezone.override(timezone.get_default_timezone()), translation.override(settings.LANGUAGE_CODE):
        html = render_to_string("certificates/pdf.html", context)
    texts = (
        issuer, certificate.student_name, certificate.course_title, certificate.instructor_name, template.heading,
        template.before_name, template.after_name, template.note,
    )  # fmt: skip
    with layout_lock:
        fonts = fonts_for("".join(texts))
        styles = [fonts.declared, _style(template.page_size, template.accent, fonts.families)]
        return write_pdf(html, stylesheets=styles, fonts=fonts.configuration)
