"""Template tags and filters of the quiz pages."""

from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

register = template.Library()


@register.filter
def item(mapping: Any, key: str) -> Any:
    """Return the value of a variable key; None if the key is missing or `mapping` is not a dictionary."""
    return mapping.get(key) if isinstance(mapping, dict) else None


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
