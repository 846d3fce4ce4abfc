"""Numbers that people type, in the notation of their language."""

import re
import unicodedata
from decimal import Decimal, InvalidOperation

from django.utils.formats import get_format

from core.text.comparison import fold_typography

MAX_LENGTH = 60
MAX_NUMBER = Decimal(10) ** 100
SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
SCIENTIFIC = re.compile(
    r"(?P<sign>[+-]?)\s*(?P<digits>[\d\s.,']+?)\s*"
    r"(?:(?:e|[x\u00d7*·⋅]\s*10\s*(?:\^|\*\*)?)\s*(?P<exponent>[+-]?\s?\d{1,3}))?",
    re.IGNORECASE,
)
POWER = re.compile(r"10\s*[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+$")


def parse_number(text: str, language: str | None) -> Decimal | None:
    """Return the number in a text of a language; None for other texts, and for numbers larger than 10^100.

    Understands grouped digits ("1,000.5", "1 000", "1'000"), the Unicode minus, powers of ten ("3e8", "3 x 10^8",
    "3·10⁸") and digits of other scripts. A comma or point is read as the decimal separator of `language` where it can
    be both: "1,000" is a thousand in English and one in German, but "1,5" is one and a half in both. Before a power of
    ten, both are decimal separators.
    """
    if len(text) > MAX_LENGTH:
        return None
    match = SCIENTIFIC.fullmatch(_fold(text))
    if not match:
        return None
    exponent = (match["exponent"] or "").replace(" ", "")
    mantissa = _parse_digits(match["digits"], None if exponent else get_format("DECIMAL_SEPARATOR", language))
    if mantissa is None:
        return None
    try:
        number = Decimal(f"{match['sign']}{mantissa}e{exponent or 0}")
    except InvalidOperation:
        return None
    return number if abs(number) <= MAX_NUMBER else None


def write_number(number: float | Decimal, language: str | None) -> str:
    """Return a number with the decimal separator of a language and without grouping, as `parse_number` reads it."""
    return str(number).replace(".", get_format("DECIMAL_SEPARATOR", language))


def _fold(text: str) -> str:
    """Return `text` with plain digits, spaces, signs and powers ("10^8" for "10⁸")."""
    text = POWER.sub(lambda match: "10^" + match[0][2:].strip().translate(SUPERSCRIPTS), text.strip())
    folded = fold_typography(unicodedata.normalize("NFKC", fold_typography(text)))
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in folded).strip()


def _parse_digits(digits: str, decimal: str | None) -> str | None:
    """Return digits without grouping and with a decimal point; None if they are grouped wrongly.

    `decimal` is tried as the decimal separator first, then the other one of comma and point. If it is None, digits are
    not grouped.
    """
    if decimal is None:
        plain = re.fullmatch(r"(?=[.,]?\d)\d*[.,]?\d*", digits)
        return plain and plain[0].replace(",", ".")
    for point, comma in ((decimal, "," if decimal == "." else "."), (",", "."), (".", ",")):
        grouped = rf"[1-9]\d{{0,2}}(?P<group>[\s'{comma}])(?:\d{{2,3}}(?P=group))*\d{{3}}"
        match = re.fullmatch(rf"(?P<whole>{grouped}|\d*)(?:{re.escape(point)}(?P<part>\d*))?", digits.strip())
        if match and (match["whole"] or match["part"]):
            return f"{re.sub('[^0-9]', '', match['whole']) or '0'}.{match['part'] or '0'}"
    return None
