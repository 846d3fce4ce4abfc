"""Characters that have no visible form, and texts that consist of them."""

import re

# The Unicode property Default_Ignorable_Code_Point: soft hyphen, zero-width characters, bidi marks and isolates,
# Hangul fillers, variation selectors, tags. The Braille pattern without dots and the annotation marks are added.
_INVISIBLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
INVISIBLE = re.compile(f"[{_INVISIBLE}]")
BLANK = re.compile(rf"[\s\x00-\x1f\x7f-\x9f{_INVISIBLE}]*")


def remove_invisible(text: str) -> str:
    """Return `text` without its invisible characters; white space stays."""
    return INVISIBLE.sub("", text)


def is_blank(text: str) -> bool:
    """Return whether `text` has no visible character: only white space, control and invisible ones."""
    return BLANK.fullmatch(text) is not None
