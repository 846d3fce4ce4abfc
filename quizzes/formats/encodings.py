"""The text of an uploaded file, in the encoding that its XML declaration names or that is recognized."""

import re

from django.utils.translation import gettext as _

from core.text.encodings import decode_text
from quizzes.formats.content import MAX_BYTES, UnreadableFileError

XML_DECLARATION = re.compile(r"\s*<\?xml\b[^>]{0,200}\?>")
XML_ENCODING = re.compile(rb"""^\s*<\?xml\b[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
LEGACY_ENCODINGS = {"iso-8859-1", "iso-8859-15", "windows-1252", "cp1252", "latin1", "us-ascii"}
# Control characters and noncharacters: PostgreSQL rejects NUL, XML the others, and the GIFT reader uses U+FDD0 and up.
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufdd0-\ufdef\ufffe\uffff]")


def decode(content: bytes) -> str:
    """Return the text with line feeds as line ends, and without control characters and an XML declaration.

    Raises UnreadableFileError if the file is empty or larger than 10 MB.
    """
    if len(content) > MAX_BYTES:
        raise UnreadableFileError(_("The file is larger than %d MB.") % (MAX_BYTES // 1024**2))
    text = FORBIDDEN.sub("", _decode_bytes(content).replace("\r\n", "\n").replace("\r", "\n"))
    if not text.strip():
        raise UnreadableFileError(_("The file is empty."))
    # The text is no longer in the encoding that the declaration names. The line breaks keep the line numbers.
    declaration = XML_DECLARATION.match(text)
    return "\n" * declaration[0].count("\n") + text[declaration.end() :] if declaration else text


def _decode_bytes(content: bytes) -> str:
    declared = XML_ENCODING.match(content)
    encoding = declared[1].decode("ascii").lower() if declared else ""
    if encoding in LEGACY_ENCODINGS:
        return content.decode(encoding, errors="replace")
    return decode_text(content, errors="replace")
