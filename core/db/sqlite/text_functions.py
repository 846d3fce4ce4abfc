"""Functions for texts that SQLite has for ASCII only, with the results of PostgreSQL."""

import re
import sqlite3
import unicodedata
from typing import Any

ACCENTS = re.compile("[\u0300-\u036f]")


def register_text_functions(connection: sqlite3.Connection) -> None:
    """Replace LOWER and UPPER of a connection, and add SORT_KEY. All are deterministic, so indexes can use them."""
    for name, function in (("LOWER", to_lower), ("UPPER", to_upper), ("SORT_KEY", to_sort_key)):
        connection.create_function(name, 1, function, deterministic=True)


def to_lower(value: Any) -> str | None:
    """Return a value in lower case, character by character: neither final sigma nor `İ` is special."""
    if value is None:
        return None
    text = str(value)
    return text.lower() if text.isascii() else "".join(_one(char, char.lower()) for char in text)


def to_upper(value: Any) -> str | None:
    """Return a value in upper case, character by character: `ß` stays as it is."""
    if value is None:
        return None
    text = str(value)
    return text.upper() if text.isascii() else "".join(_one(char, char.upper()) for char in text)


def to_sort_key(value: Any) -> str | None:
    """Return a value without accents in lower case (`core.db.text_functions.SortKey`)."""
    return None if value is None else to_lower(ACCENTS.sub("", unicodedata.normalize("NFKD", str(value))))


def _one(char: str, mapped: str) -> str:
    return mapped if len(mapped) == 1 else char
