"""Logo of the site: re-encodes the upload, and stores it under a version that is part of its URL."""

import hashlib
import io
from typing import IO

from PIL import Image

from core.models import SiteLogo

MAX_UPLOAD_BYTES = 2 * 1024 * 1024
MAX_PIXELS = 24_000_000
MAX_WIDTH, MAX_HEIGHT = 512, 128


def convert_to_png(file: IO[bytes]) -> bytes:
    """Return an uploaded image as a small PNG without metadata; raise ValueError if it has more than `MAX_PIXELS`."""
    file.seek(0)
    with Image.open(file) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise ValueError(f"{opened.width} x {opened.height} pixels")
        image = opened.convert("RGBA")
    image.thumbnail((MAX_WIDTH, MAX_HEIGHT))
    output = io.BytesIO()
    image.save(output, "PNG", optimize=True)
    return output.getvalue()


def update_logo(version: str, *, new: bytes | None, remove: bool) -> str:
    """Store a new logo or remove the current one; return the current version, or an empty string for no logo."""
    if new is not None:
        new_version = hashlib.sha256(new).hexdigest()[:16]
        SiteLogo.objects.exclude(pk=new_version).delete()
        SiteLogo.objects.update_or_create(version=new_version, defaults={"content": new})
        return new_version
    if remove:
        SiteLogo.objects.all().delete()
        return ""
    return version
