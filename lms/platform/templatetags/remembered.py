"""`{% url %}`, `{% translate %}` and `{% static %}` that remember what they have said.

Django's own match a pattern, look a message up and ask the storage anew each time, and a page does so a hundred times:
together that was a fifth of a page's cost. Nothing they say changes while a process lives.
"""

from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.template.base import Node, Parser, Token
from django.template.defaulttags import URLNode
from django.template.defaulttags import url as parsed_url
from django.templatetags.i18n import TranslateNode, do_translate
from django.templatetags.static import StaticNode
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils.html import conditional_escape
from django.utils.translation import get_language

register = template.Library()
MOST_ADDRESSES = 8_192  # of courses and lessons, those that were shown last


@lru_cache(maxsize=MOST_ADDRESSES)
def _address(name: str, args: tuple[str, ...], kwargs: tuple[tuple[str, str], ...], urlconf: str, prefix: str) -> str:
    # `urlconf` and `prefix` only tell apart what is kept: `reverse` finds both by itself.
    return reverse(name, args=args, kwargs=dict(kwargs))


class RememberedURLNode(URLNode):
    """Writes the address of a view."""

    view_name: Any
    args: list[Any]
    kwargs: dict[str, Any]
    asvar: str | None

    def render(self, context: template.Context) -> str:
        """Return the address, or put it into the variable behind `as`, which is empty where there is no such view."""
        args = tuple(str(arg.resolve(context)) for arg in self.args)
        kwargs = tuple((name, str(value.resolve(context))) for name, value in self.kwargs.items())
        name = self.view_name.resolve(context)
        try:
            address = _address(name, args, kwargs, settings.ROOT_URLCONF, get_script_prefix())
        except NoReverseMatch:
            if self.asvar is None:
                raise
            address = ""
        if self.asvar is not None:
            context[self.asvar] = address
            return ""
        return conditional_escape(address) if context.autoescape else address


class RememberedTranslateNode(TranslateNode):
    """Writes a message in the reader's language; a fixed one is looked up once for each language."""

    def __init__(self, node: Any) -> None:
        super().__init__(node.filter_expression, node.noop, None, node.message_context)
        self.into: str | None = node.asvar
        message = self.filter_expression
        self.is_fixed = message.var.lookups is None and not message.filters and self.message_context is None
        self.said: dict[tuple[str | None, bool], str] = {}

    def render(self, context: template.Context) -> str:
        """Return the message, or put it into the variable behind `as`."""
        key = (get_language(), bool(context.autoescape))
        message = self.said.get(key) if self.is_fixed else None
        if message is None:
            message = super().render(context)
            if self.is_fixed:
                self.said[key] = message
        if self.into is None:
            return message
        context[self.into] = message
        return ""


class RememberedStaticNode(StaticNode):
    """Writes the address of a file of ours."""

    @classmethod
    @lru_cache(maxsize=1_000)
    def handle_simple(cls, path: str) -> str:
        """Return the file's address, with its hash outside development."""
        return StaticNode.handle_simple(path)


@register.tag
def url(parser: Parser, token: Token) -> Node:
    """Write the address of a view: `{% url "courses:course" course.slug %}`."""
    node: Any = parsed_url(parser, token)
    return RememberedURLNode(node.view_name, node.args, node.kwargs, node.asvar)


@register.tag
def translate(parser: Parser, token: Token) -> Node:
    """Write a message in the reader's language: `{% translate "Courses" %}`."""
    return RememberedTranslateNode(do_translate(parser, token))


@register.tag
def static(parser: Parser, token: Token) -> Node:
    """Write the address of a file of ours: `{% static "css/base.css" %}`."""
    return RememberedStaticNode.handle_token(parser, token)
