"""Codes that people type or paste: one-time codes, recovery codes and coupon codes."""

import unicodedata

from core.text.comparison import fold_typography


def fold_code(typed: str) -> str:
    """Return a code without spaces and invisible characters, with plain dashes, and with decimal digits of ASCII."""
    plain = "".join(unicodedata.normalize("NFKC", fold_typography(typed)).split())
    return fold_typography("".join(_to_ascii_digit(character) for character in plain))


def _to_ascii_digit(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    return character if digit is None else str(digit)


def normalize_one_time_code(typed: str) -> str:
    """Return a code of the second factor, or a recovery code, as it is compared: without dashes, in lower case."""
    return fold_code(typed).replace("-", "").lower()
