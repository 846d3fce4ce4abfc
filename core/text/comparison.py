"""The form in which typed texts are compared. Texts are stored as typed."""

import unicodedata

from core.text.characters import remove_invisible

# Characters that keyboards and word processors put in place of the typed ones. NFKC leaves them as they are.
DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\u02d7\ufe58\ufe63\uff0d"
APOSTROPHES = "\u2018\u2019\u201a\u201b\u2032\u2035\u02b9\u02bb\u02bc\u02bd\u00b4\u0060\uff07"
QUOTES = "\u201c\u201d\u201e\u201f\u2033\u2036\u00ab\u00bb\uff02"
_TABLE = str.maketrans({**dict.fromkeys(DASHES, "-"), **dict.fromkeys(APOSTROPHES, "'"), **dict.fromkeys(QUOTES, '"')})


def fold_typography(text: str) -> str:
    """Return `text` with plain dashes, apostrophes and quotation marks, and without invisible characters."""
    return remove_invisible(text.translate(_TABLE))


def fold(text: str) -> str:
    """Return a text for comparison: typography folded, NFKC, case-folded, white space trimmed and collapsed.

    The Turkish letters \u0130 and \u0131 count as the letter i.
    """
    folded = fold_typography(unicodedata.normalize("NFKC", fold_typography(text)))
    folded = folded.replace("\u0130", "i").replace("\u0131", "i").casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())
