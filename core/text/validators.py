"""Validators of names, titles and other texts that people read."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.text.characters import is_blank

# Control characters, line and paragraph separators, and the overrides that reverse the text around a name. Joiners
# (U+200C, U+200D) are spelling in Persian, Hindi and Sinhala.
NOT_IN_ONE_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202d\u202e]")


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
