"""Names of files: kept for people, cleaned of what would fool them or a header (QUALITY F04)."""

import unicodedata

LONGEST = 150


def cleaned(name: str) -> str:
    """Return a file's name without folders, control signs and signs that turn the direction of writing, at most 150
    characters long; the ending stays. A name of which nothing is left becomes "file"."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(sign for sign in unicodedata.normalize("NFC", last) if unicodedata.category(sign)[0] != "C")
    stem, dot, ending = plain.strip(" .").rpartition(".")
    if not dot:
        stem, ending = ending, ""
    return f"{stem.strip()[: LONGEST - len(ending[:10]) - 1] or 'file'}{dot}{ending[:10]}"


def extension_of(name: str) -> str:
    """Return the ending of a cleaned name in lower case, without its dot; empty where there is none."""
    stem, dot, ending = name.rpartition(".")
    return ending.lower() if dot and stem else ""
