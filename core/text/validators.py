"""Validators of names, titles and other texts that people read."""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.text.characters import is_blank

# Control characters, line and paragraph separators, and the overrides that reverse the text around a name. Joiners
# (U+200C, U+200D) are spelling in Persian, Hindi and Sinhala.
NOT_IN_ONE_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202d\u202e]")

# Email addresses and web addresses, also without a scheme. Dots occur in names ("J.R.R.", "Dr.Li"), so that only the
# top-level domains that advertisers use make a name an address.
ADDRESS = re.compile(
    r"@|https?:|//|\bwww\."
    r"|\w\.(?:com|net|org|info|biz|io|co|app|dev|shop|store|online|site|website|xyz|top|club|link|click|live|vip|win"
    r"|bet|casino|loan|ru|cn|de|fr|uk|eu|us|tk|ml|ly|gg|tv|cc)(?![\w.])",
    re.IGNORECASE,
)


def validate_visible(text: str) -> None:
    """Raise ValidationError `blank` for a text of white space and invisible characters alone."""
    if is_blank(text):
        raise ValidationError(_("Enter a text with visible characters."), code="blank")


def validate_one_line(text: str) -> None:
    """Raise ValidationError `one_line` for control characters and line breaks, `blank` as `validate_visible`.

    Names and titles are used in mail headers (quality row U05).
    """
    if NOT_IN_ONE_LINE.search(text):
        raise ValidationError(_("Use one line, without control characters."), code="one_line")
    validate_visible(text)


def is_advertising(name: str) -> bool:
    """Return whether a person's name contains an email address, a web address or a line break."""
    # Compatibility forms, such as full-width letters and dots, look like the letters that they imitate.
    plain = unicodedata.normalize("NFKC", name).replace("\N{IDEOGRAPHIC FULL STOP}", ".")
    return bool(ADDRESS.search(plain) or NOT_IN_ONE_LINE.search(name))


def validate_person_name(name: str) -> None:
    """Raise ValidationError `advertising` for a name with an email or web address, else as `validate_one_line`.

    Names are used in mails to people who do not know the person (quality row V12).
    """
    validate_one_line(name)
    if is_advertising(name):
        raise ValidationError(_("A name can't contain an email address or a web address."), code="advertising")
