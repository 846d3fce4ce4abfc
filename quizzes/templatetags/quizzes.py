"""Template tags and filters of the quiz pages."""

from typing import Any

from django import template
from django.utils.formats import get_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from core.text.numbers import write_number

register = template.Library()


@register.filter
def item(mapping: Any, key: str) -> Any:
    """Return the value of a variable key; None if the key is missing or `mapping` is not a dictionary."""
    return mapping.get(key) if isinstance(mapping, dict) else None


@register.filter
def number_text(answer: Any) -> str:
    """Return a number in the notation of the active language; a text as it is, an empty one for None."""
    return str(answer or "") if answer is None or isinstance(answer, str) else write_number(answer, get_language())


@register.simple_tag
def decimal_separator() -> str:
    """Return the decimal separator of the active language."""
    return str(get_format("DECIMAL_SEPARATOR", get_language()))


@register.simple_tag
def question_number(place: int) -> str:
    """Return "Question 3"."""
    return _("Question %(place)s") % {"place": place}


@register.simple_tag
def question_place(place: int, *, of: int, points: int) -> str:
    """Return "Question 3 of 10 · 2 points"."""
    text = ngettext(
        "Question %(place)s of %(all)s · %(points)s point", "Question %(place)s of %(all)s · %(points)s points", points
    )
    return text % {"place": place, "all": of, "points": points}
