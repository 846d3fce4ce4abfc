"""Accepted types of files: detected from the bytes, which must match the extension (quality rows F03, F06).

Archives are never unpacked: an Office file is recognized by the entry names at the start and the end of its ZIP.
"""

import re
from dataclasses import dataclass
from typing import IO, Any

import puremagic
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

from files import images
from files.errors import FileError
from files.models import Purpose

MB = 1024 * 1024
MAX_SIZES: dict[str, int] = {
    Purpose.AVATAR: 2 * MB,
    Purpose.THUMBNAIL: 2 * MB,
    Purpose.SUBMISSION: 20 * MB,
    Purpose.COURSE_MATERIAL: 200 * MB,
}
HEAD = TAIL = 64 * 1024
VIDEO_BRANDS = (
    *(f"iso{version}".encode() for version in ("m", *range(2, 10))),
    b"avc1", b"dash", b"mp41", b"mp42", b"M4V ", b"MSNV", b"3gp4", b"3gp5", b"3gp6",
)  # fmt: skip
HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx")
SHARED_HEIF_BRANDS = (b"mif1", b"msf1")


@dataclass(frozen=True)
class FileType:
    """A type of file: the content type that it is served with, and how its bytes are recognized.

    `magic` lists extensions, of which puremagic must detect at least one; empty for texts and ISO media. `marks` lists
    byte strings, each of which must occur in the first or the last 64 KB. `brands` lists brands of ISO media files (ISO
    14496-12), of which the file's first brand must be one; brands that all HEIF files share are skipped.
    """

    content_type: str
    magic: tuple[str, ...] = ()
    marks: tuple[bytes, ...] = ()
    brands: tuple[bytes, ...] = ()


def _office(subtype: str, folder: bytes) -> FileType:
    content_type = f"application/vnd.openxmlformats-officedocument.{subtype}"
    return FileType(content_type, (".zip", ".docx", ".xlsx", ".pptx"), (folder,))


def _open_document(subtype: str) -> FileType:
    content_type = f"application/vnd.oasis.opendocument.{subtype}"
    return FileType(content_type, (".zip", ".docx", ".odt", ".ods", ".odp"), (f"mimetype{content_type}".encode(),))


PICTURES = {
    "png": FileType("image/png", (".png",)),
    "jpg": FileType("image/jpeg", (".jpg", ".jpeg", ".jfif")),
    "jpeg": FileType("image/jpeg", (".jpg", ".jpeg", ".jfif")),
    "webp": FileType("image/webp", (".webp",)),
}
TEXTS = {
    "txt": FileType("text/plain"),
    "md": FileType("text/markdown"),
    "csv": FileType("text/csv"),
}
DOCUMENTS = {
    **PICTURES,
    **TEXTS,
    "gif": FileType("image/gif", (".gif",)),
    "pdf": FileType("application/pdf", (".pdf",)),
    "docx": _office("wordprocessingml.document", b"word/"),
    "xlsx": _office("spreadsheetml.sheet", b"xl/"),
    "pptx": _office("presentationml.presentation", b"ppt/"),
    "odt": _open_document("text"),
    "ods": _open_document("spreadsheet"),
    "odp": _open_document("presentation"),
    "zip": FileType("application/zip", (".zip", ".docx")),
    "mp3": FileType("audio/mpeg", (".mp3", ".mpga")),
    "mp4": FileType("video/mp4", brands=VIDEO_BRANDS),
    "webm": FileType("video/webm", (".webm",)),
}
# What phones record, and notebooks. Browsers do not display all of these, so they are no course material.
SUBMISSIONS = {
    **DOCUMENTS,
    "heic": FileType("image/heic", brands=HEIF_BRANDS),
    "heif": FileType("image/heif", brands=HEIF_BRANDS),
    "mov": FileType("video/quicktime", brands=(b"qt  ",)),
    "m4a": FileType("audio/mp4", brands=(b"M4A ",)),
    "ipynb": FileType("application/x-ipynb+json", marks=(b'"nbformat"',)),
}
ALLOWED: dict[str, dict[str, FileType]] = {
    Purpose.AVATAR: PICTURES,
    Purpose.THUMBNAIL: PICTURES,
    Purpose.SUBMISSION: SUBMISSIONS,
    Purpose.COURSE_MATERIAL: DOCUMENTS,
}
FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/gif": "GIF"}

# The start of a "text" that a browser, an interpreter or a renderer would treat as markup or as a script.
_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s|<!--.*?-->)*(?:#!|<\s*(?:!doctype|html|head|body|script|iframe|style|title|svg|math|object|"
    rb"embed|meta|link|base)\b|<\?(?:xml|php|=)|<[a-z][^>]*\sxmlns)",
    re.IGNORECASE | re.DOTALL,
)
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MACROS = b"vbaProject.bin"


def detect_type(content: IO[Any], *, size: int, extension: str, purpose: str) -> FileType:
    """Return the type of an uploaded file.

    Raises FileError: `type_not_allowed` (415) if the purpose does not accept the extension or the bytes do not match
    it, `too_large` (413) above the purpose's size limit, `image_too_large` (400) for too many pixels, `empty` (400).
    """
    if size == 0:
        raise FileError("empty", _("This file is empty."))
    if size > MAX_SIZES[purpose]:
        raise too_large(MAX_SIZES[purpose])
    file_type = ALLOWED[purpose].get(extension)
    if file_type is None:
        raise _type_not_allowed(purpose)
    head, tail = _read_ends(content, size)
    if not _matches(file_type, head, tail):
        raise _type_not_allowed(purpose)
    if file_type.content_type in FORMATS:
        _check_image(content, file_type, purpose)
    return file_type


def too_large(limit: int) -> FileError:
    """Return the error for a file of more than `limit` bytes."""
    return FileError("too_large", _("This file is too large. The limit is %d MB.") % (limit // MB), status=413)


def _read_ends(content: IO[Any], size: int) -> tuple[bytes, bytes]:
    content.seek(0)
    head = content.read(HEAD)
    content.seek(max(0, size - TAIL))
    tail = content.read(TAIL)
    content.seek(0)
    return head, tail


def _matches(file_type: FileType, head: bytes, tail: bytes) -> bool:
    if not all(mark in head + tail for mark in file_type.marks):
        return False
    if file_type.brands:
        return _find_brand(head) in file_type.brands
    if file_type.magic:
        return bool(set(file_type.magic) & _detect_extensions(head)) and _MACROS not in head + tail
    return not _NOT_TEXT.search(head) and not _MARKUP.match(head)


def _find_brand(head: bytes) -> bytes | None:
    """Return the first brand of an ISO media file that says what it contains; None for other files."""
    if head[4:8] != b"ftyp":
        return None
    length = min(int.from_bytes(head[:4]), 1024)
    brands = [head[8:12], *(head[start : start + 4] for start in range(16, length, 4))]
    return next((brand for brand in brands if brand not in SHARED_HEIF_BRANDS), None)


def _detect_extensions(head: bytes) -> set[str]:
    """Return the extensions that puremagic detects from the first bytes of a file."""
    try:
        return {match.extension for match in puremagic.magic_string(head)}
    except puremagic.PureError:
        return set()


def _check_image(content: IO[Any], file_type: FileType, purpose: str) -> None:
    """Raise FileError if Pillow cannot open the image in the format of its extension, or if it has too many pixels."""
    try:
        with Image.open(content, formats=[FORMATS[file_type.content_type]]) as image:
            width, height = image.size
            if purpose in (Purpose.AVATAR, Purpose.THUMBNAIL):
                image.verify()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        raise _type_not_allowed(purpose) from None
    finally:
        content.seek(0)
    if width * height > images.MAX_PIXELS:
        raise _too_many_pixels()


def _too_many_pixels() -> FileError:
    millions = images.MAX_PIXELS // 1_000_000
    detail = _("This image is too large. Use one with at most %d million pixels.")
    return FileError("image_too_large", detail % millions)


def _type_not_allowed(purpose: str) -> FileError:
    extensions = ", ".join(sorted(ALLOWED[purpose]))
    detail = _("This file type is not allowed, or the file's content does not match its name. Allowed types: %s.")
    return FileError("type_not_allowed", detail % extensions, status=415)
