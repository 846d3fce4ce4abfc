"""PDF files from HTML, by WeasyPrint without network or file access (docs/architecture.md, "Facts", 5).

Import this module when a PDF is rendered, not before: WeasyPrint takes two seconds to import.
"""

import threading
from collections.abc import Sequence

from weasyprint import CSS, HTML
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher

# Pango's font map is shared by the process, and concurrent layouts corrupt it. Hold the lock from the configuration of
# the fonts on; it can be acquired again by the same thread.
layout_lock = threading.RLock()


def create_fetcher() -> URLFetcher:
    """Return a fetcher of `data:` URLs only."""
    return URLFetcher(allowed_protocols=("data",), allow_redirects=False)


def write_pdf(html: str, *, stylesheets: Sequence[CSS], fonts: FontConfiguration) -> bytes:
    """Return a document as the bytes of an accessible PDF (PDF/UA-1)."""
    with layout_lock:
        document = HTML(string=html, url_fetcher=create_fetcher(), base_url=None)
        pdf: bytes = document.write_pdf(stylesheets=list(stylesheets), font_config=fonts, pdf_variant="pdf/ua-1")
    return pdf
