"""Rendering of thumbnails from uploaded images.

Thumbnails are encoded again from the pixels, which drops metadata and payloads of the upload (quality rows F03, F06).
"""

import io
import warnings
from typing import IO, Any

from PIL import Image, ImageOps

MAX_PIXELS = 24_000_000
READ_FORMATS = ["PNG", "JPEG", "GIF", "WEBP"]
ASPECT_RATIOS = {"avatar": 1.0, "thumbnail": 16 / 9}  # width / height; images of other purposes keep theirs
QUALITY = 82

# Pillow only warns about a decompression bomb that is less than twice over the limit. Warning filters are global, so
# this is set once for the whole process.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


def render_thumbnail(content: IO[Any], *, purpose: str, width: int) -> bytes:
    """Return the image as WebP of at most `width` pixels, cropped to the purpose's aspect ratio, without metadata.

    Raises OSError for an image that is truncated or broken.
    """
    with Image.open(content, formats=READ_FORMATS) as source:
        source.draft("RGB", (width, width))  # decodes a JPEG at about the size that is needed
        image = ImageOps.exif_transpose(source)
        assert image is not None  # noqa: S101  # None is returned only with in_place=True
        image = image.convert("RGBA" if "A" in image.getbands() or "transparency" in image.info else "RGB")
    aspect_ratio = ASPECT_RATIOS.get(purpose)
    if aspect_ratio is not None:
        image = ImageOps.fit(image, (width, round(width / aspect_ratio)), Image.Resampling.LANCZOS)
    else:
        image.thumbnail((width, 4 * width), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY, method=4)
    return buffer.getvalue()
