"""What the quizzes' templates need and Django's do not have."""

from functools import lru_cache
from typing import Any

from django import template
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

register = template.Library()


@register.filter
def item(mapping: Any, key: str) -> Any:
    """Return what a mapping has under a key that the template only knows at run time; None where there is nothing."""
    return mapping.get(key) if isinstance(mapping, dict) else None


# A page says these for each question, always the same ones; `language` only tells apart what is kept.


@register.simple_tag
def question_number(place: int) -> str:
    """Return "Question 3"."""
    return _said_number(place, get_language())


@lru_cache(maxsize=1_000)
def _said_number(place: int, language: str | None) -> str:
    return _("Question %(place)s") % {"place": place}


@register.simple_tag
def question_place(place: int, *, of: int, points: int) -> str:
    """Return "Question 3 of 10 · 2 points"."""
    return _said_place(place, of, points, get_language())


@lru_cache(maxsize=4_000)
def _said_place(place: int, of: int, points: int, language: str | None) -> str:
    said = ngettext(
        "Question %(place)s of %(all)s · %(points)s point", "Question %(place)s of %(all)s · %(points)s points", points
    )
    return said % {"place": place, "all": of, "points": points}
