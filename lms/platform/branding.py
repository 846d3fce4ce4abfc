"""The site's logo: taken in, drawn anew, kept beside the settings, shown under an address that its version changes."""

import hashlib
import io
from typing import IO

from PIL import Image

from lms.platform.models import SiteLogo

LARGEST_UPLOAD = 2 * 1024 * 1024
MOST_PIXELS = 24_000_000
WIDEST, HIGHEST = 512, 128


def drawn_anew(file: IO[bytes]) -> bytes:
    """Return an uploaded picture as a small PNG: what else was in the file stays behind. Raises ValueError for one of
    so many pixels that drawing it would hurt."""
    file.seek(0)
    with Image.open(file) as opened:
        if opened.width * opened.height > MOST_PIXELS:
            raise ValueError(f"{opened.width} x {opened.height} pixels")
        drawn = opened.convert("RGBA")
    drawn.thumbnail((WIDEST, HIGHEST))
    written = io.BytesIO()
    drawn.save(written, "PNG", optimize=True)
    return written.getvalue()


def kept_logo(version: str, *, new: bytes | None, away: bool) -> str:
    """Keep a new logo, or forget the old one; return the version that is shown now, which is none for none."""
    if new is not None:
        made = hashlib.sha256(new).hexdigest()[:16]
        SiteLogo.objects.exclude(pk=made).delete()
        SiteLogo.objects.update_or_create(version=made, defaults={"content": new})
        return made
    if away:
        SiteLogo.objects.all().delete()
        return ""
    return version
