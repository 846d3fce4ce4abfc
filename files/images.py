"""Pictures, drawn anew from what people upload, so that nothing but pixels is left (QUALITY F03, F06)."""

import io
import warnings
from typing import IO, Any

from PIL import Image, ImageOps

MOST_PIXELS = 24_000_000
READ = ["PNG", "JPEG", "GIF", "WEBP"]
SHAPES = {"avatar": 1.0, "thumbnail": 16 / 9}  # width over height; others keep their own
QUALITY = 82

# Pillow only warns of a bomb that is less than twice too large. For the whole process: the modules' filters are shared.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


def drawn(content: IO[Any], *, purpose: str, width: int) -> bytes:
    """Return the image as WebP of at most this width in pixels, cut to the purpose's shape, without metadata.

    Raises OSError for what cannot be read to its end.
    """
    with Image.open(content, formats=READ) as source:
        source.draft("RGB", (width, width))  # a JPEG is read at about the size that is needed
        image = ImageOps.exif_transpose(source)
        assert image is not None  # noqa: S101  # None only when it changes the image in place
        image = image.convert("RGBA" if "A" in image.getbands() or "transparency" in image.info else "RGB")
    shape = SHAPES.get(purpose)
    if shape is not None:
        image = ImageOps.fit(image, (width, round(width / shape)), Image.Resampling.LANCZOS)
    else:
        image.thumbnail((width, 4 * width), Image.Resampling.LANCZOS)
    packed = io.BytesIO()
    image.save(packed, "WEBP", quality=QUALITY, method=4)
    return packed.getvalue()
