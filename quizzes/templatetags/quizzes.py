"""Template tags and filters of the quiz pages."""

from html import unescape
from typing import Any

from django import template
from django.utils.formats import get_format
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from core.text import markdown
from core.text.numbers import write_number
from quizzes.question_types import TYPES

LETTERS = 26

register = template.Library()


@register.filter
def item(mapping: Any, key: str) -> Any:
    """Return the value of a variable key; None if the key is missing or `mapping` is not a dictionary."""
    return mapping.get(key) if isinstance(mapping, dict) else None


@register.filter
def shorten(html: str, length: int) -> str:
    """Return the beginning of the text of HTML, at most `length` characters, without markup and entities."""
    return Truncator(" ".join(unescape(strip_tags(html)).split())).chars(length)


@register.filter
def number_text(answer: Any) -> str:
    """Return a number in the notation of the active language; a text as it is, an empty one for None."""
    return str(answer or "") if answer is None or isinstance(answer, str) else write_number(answer, get_language())


@register.simple_tag
def decimal_separator() -> str:
    """Return the decimal separator of the active language."""
    return str(get_format("DECIMAL_SEPARATOR", get_language()))


@register.filter
def inline_markdown(text: str) -> SafeString:
    """Return the text of an option, written in Markdown, as safe HTML."""
    return mark_safe(markdown.to_inline_html(text))  # noqa: S308  # sanitized


@register.filter
def answer_html(text: str, question_type: str) -> str:
    """Return a part of an answer: the text of an option as HTML, a student's own text as it was typed."""
    return inline_markdown(text) if TYPES[question_type].has_options else text


@register.filter
def any_markup(options: list[dict[str, str]]) -> bool:
    """Return whether the text of any option can contain Markdown."""
    return any(markdown.has_markup(option["text"]) for option in options)


@register.filter
def letter(place: int) -> str:
    """Return the letters of a place in an ordered list of type A, from 0: "A" to "Z", "AA", "AB"."""
    return chr(ord("A") + place) if place < LETTERS else f"A{chr(ord('A') + place - LETTERS)}"


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
