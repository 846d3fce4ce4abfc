"""Texts of uploaded files, whose encoding is unknown."""

import codecs

BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def decode_text(content: bytes, *, errors: str = "strict") -> str:
    """Return the text of a file: UTF-8 or UTF-16 by its byte order mark, else UTF-8, else Windows-1252.

    `errors` is the error handler of `bytes.decode` for a file that is in none of them.
    """
    for mark, encoding in BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return content.removeprefix(mark).decode(encoding, errors)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("windows-1252", errors)
