"""Render receipts as PDF. WeasyPrint may fetch only `data:` URLs (docs/architecture.md, "Facts", 5)."""

import threading
from datetime import UTC

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher

from payments.models import Receipt

# Pango's font map is shared by the process; two threads that lay out text concurrently corrupt it.
_render_lock = threading.Lock()


def render(receipt: Receipt) -> bytes:
    """Return the receipt as PDF bytes. About 100 ms; queries only the receipt's order and user; no network."""
    sheet = (settings.BASE_DIR / "static" / "css" / "receipt.css").read_text()
    context = {**receipt.get_context(), "created": receipt.issued_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
    with timezone.override(timezone.get_default_timezone()), translation.override(settings.LANGUAGE_CODE):
        html = render_to_string("payments/receipt_pdf.html", context)
    with _render_lock:
        fonts = FontConfiguration()
        fetcher = URLFetcher(allowed_protocols=("data",), allow_redirects=False)
        document = HTML(string=html, url_fetcher=fetcher, base_url=None)
        styles = [CSS(string=sheet, font_config=fonts, url_fetcher=fetcher)]
        pdf: bytes = document.write_pdf(stylesheets=styles, font_config=fonts, pdf_variant="pdf/ua-1")
    return pdf
