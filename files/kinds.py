"""Which files are taken: decided by their bytes, and by an ending that must agree with them (QUALITY F03, F06).

Archives are never unpacked: an Office file is told by the names at the head and the tail of its ZIP.
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
LARGEST: dict[str, int] = {
    Purpose.AVATAR: 2 * MB,
    Purpose.THUMBNAIL: 2 * MB,
    Purpose.SUBMISSION: 20 * MB,
    Purpose.COURSE_MATERIAL: 200 * MB,
}
HEAD = TAIL = 64 * 1024


@dataclass(frozen=True)
class Kind:
    """A type of file: how it is served, and what its bytes look like.

    `magic`: the endings of which puremagic must name one. `marks`: what must stand in the head or the tail of the ZIP.
    """

    content_type: str
    magic: tuple[str, ...] = ()
    marks: tuple[bytes, ...] = ()


def _office(kind: str, folder: bytes) -> Kind:
    return Kind(f"application/vnd.openxmlformats-officedocument.{kind}", (".zip", ".docx", ".xlsx", ".pptx"), (folder,))


def _open_document(kind: str) -> Kind:
    content_type = f"application/vnd.oasis.opendocument.{kind}"
    return Kind(content_type, (".zip", ".docx", ".odt", ".ods", ".odp"), (f"mimetype{content_type}".encode(),))


PICTURES = {
    "png": Kind("image/png", (".png",)),
    "jpg": Kind("image/jpeg", (".jpg", ".jpeg", ".jfif")),
    "jpeg": Kind("image/jpeg", (".jpg", ".jpeg", ".jfif")),
    "webp": Kind("image/webp", (".webp",)),
}
TEXTS = {
    "txt": Kind("text/plain"),
    "md": Kind("text/markdown"),
    "csv": Kind("text/csv"),
}
DOCUMENTS = {
    **PICTURES,
    **TEXTS,
    "gif": Kind("image/gif", (".gif",)),
    "pdf": Kind("application/pdf", (".pdf",)),
    "docx": _office("wordprocessingml.document", b"word/"),
    "xlsx": _office("spreadsheetml.sheet", b"xl/"),
    "pptx": _office("presentationml.presentation", b"ppt/"),
    "odt": _open_document("text"),
    "ods": _open_document("spreadsheet"),
    "odp": _open_document("presentation"),
    "zip": Kind("application/zip", (".zip", ".docx")),
    "mp3": Kind("audio/mpeg", (".mp3", ".mpga")),
    "mp4": Kind("video/mp4", (".mp4", ".m4v")),
    "webm": Kind("video/webm", (".webm",)),
}
ALLOWED: dict[str, dict[str, Kind]] = {
    Purpose.AVATAR: PICTURES,
    Purpose.THUMBNAIL: PICTURES,
    Purpose.SUBMISSION: DOCUMENTS,
    Purpose.COURSE_MATERIAL: DOCUMENTS,
}
FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/gif": "GIF"}

# What a browser, an interpreter or a renderer would take for a document of its own, at the head of a "text".
_MARKUP = re.compile(
    rb"(?:\xef\xbb\xbf)?(?:\s|<!--.*?-->)*(?:#!|<\s*(?:!doctype|html|head|body|script|iframe|style|title|svg|math|object|"
    rb"embed|meta|link|base)\b|<\?(?:xml|php|=)|<[a-z][^>]*\sxmlns)",
    re.IGNORECASE | re.DOTALL,
)
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MACROS = b"vbaProject.bin"


def examine(content: IO[Any], *, size: int, extension: str, purpose: str) -> Kind:
    """Return what kind of file this is.

    Raises FileError `type_not_allowed` (415) for what this purpose does not take, or whose bytes are not what its
    ending says; `too_large` (413) beyond the purpose's size; `image_too_large` (400) for too many pixels; `empty`.
    """
    if size == 0:
        raise FileError("empty", _("This file is empty."))
    if size > LARGEST[purpose]:
        raise too_large(LARGEST[purpose])
    kind = ALLOWED[purpose].get(extension)
    if kind is None:
        raise _refused(purpose)
    head, tail = _ends(content, size)
    if not _looks_like(kind, head, tail):
        raise _refused(purpose)
    if kind.content_type in FORMATS:
        _examine_image(content, kind, purpose)
    return kind


def too_large(most: int) -> FileError:
    """Return the error for a file of more than `most` bytes."""
    return FileError("too_large", _("The largest file that fits here has %d MB.") % (most // MB), status=413)


def _ends(content: IO[Any], size: int) -> tuple[bytes, bytes]:
    content.seek(0)
    head = content.read(HEAD)
    content.seek(max(0, size - TAIL))
    tail = content.read(TAIL)
    content.seek(0)
    return head, tail


def _looks_like(kind: Kind, head: bytes, tail: bytes) -> bool:
    if not kind.magic:
        return not _NOT_TEXT.search(head) and not _MARKUP.match(head)
    if not set(kind.magic) & _seen(head):
        return False
    return all(mark in head + tail for mark in kind.marks) and _MACROS not in head + tail


def _seen(head: bytes) -> set[str]:
    """Return the endings that puremagic would give to what begins like this."""
    try:
        return {match.extension for match in puremagic.magic_string(head)}
    except puremagic.PureError:
        return set()


def _examine_image(content: IO[Any], kind: Kind, purpose: str) -> None:
    """Raise FileError for what Pillow does not read as the image that it claims to be, or with too many pixels."""
    try:
        with Image.open(content, formats=[FORMATS[kind.content_type]]) as image:
            width, height = image.size
            if purpose in (Purpose.AVATAR, Purpose.THUMBNAIL):
                image.verify()
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_many_pixels() from None
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError):
        raise _refused(purpose) from None
    finally:
        content.seek(0)
    if width * height > images.MOST_PIXELS:
        raise _too_many_pixels()


def _too_many_pixels() -> FileError:
    most = images.MOST_PIXELS // 1_000_000
    return FileError("image_too_large", _("This image has more than %d million pixels. Make it smaller.") % most)


def _refused(purpose: str) -> FileError:
    endings = ", ".join(sorted(ALLOWED[purpose]))
    said = _("This is not a file of a kind that is taken here, or not what its name says. Taken are: %s.")
    return FileError("type_not_allowed", said % endings, status=415)
