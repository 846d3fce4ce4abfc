"""Cleaning of file names that users see (quality row F04)."""

import unicodedata

MAX_LENGTH = 150
MAX_EXTENSION_LENGTH = 10


def clean_name(name: str) -> str:
    """Return a file name without folders, control characters and bidirectional formatting characters.

    The result has at most 150 characters and keeps its extension. A name of which no character is left becomes "file".
    """
    base = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(char for char in unicodedata.normalize("NFC", base) if unicodedata.category(char)[0] != "C")
    stem, dot, extension = plain.strip(" .").rpartition(".")
    if not dot:
        stem, extension = extension, ""
    extension = extension[:MAX_EXTENSION_LENGTH]
    return f"{stem.strip()[: MAX_LENGTH - len(extension) - 1] or 'file'}{dot}{extension}"


def get_extension(name: str) -> str:
    """Return the extension of a cleaned name in lower case and without its dot, or an empty string."""
    stem, dot, extension = name.rpartition(".")
    return extension.lower() if dot and stem else ""
