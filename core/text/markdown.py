"""Conversion of Markdown to safe HTML (quality row C03).

Two layers: markdown-it parses with raw HTML disabled, and nh3 removes everything that is not on the allow-lists below.
Formulas between dollar signs pass both as placeholders, which are replaced at the end by the sanitized output of
`core.text.mathml`. A placeholder contains a random number of this rendering, so that no text can imitate it.

Time and output of a rendering are bounded by the length of the text and the number of its parts. Of a text with more,
the plain text is returned (quality row V09).
"""

import re
import secrets
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import nh3
from django.utils.html import escape
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.tasklists import tasklists_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from core.text.mathml import to_mathml

TAGS = {
    "a", "abbr", "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "h2", "h3", "h4", "h5", "h6", "hr",
    "img", "kbd", "li", "ol", "p", "pre", "s", "section", "span", "strong", "sub", "sup", "table", "tbody", "td", "th",
    "thead", "tr", "ul",
}  # fmt: skip
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "td": {"align"},
    "th": {"align"},
}
# Classes of the highlighter, task lists and footnotes. Other classes could imitate the site's components.
CLASSES = {
    "div": {"code"},
    "li": {"task-list-item"},
    "ul": {"contains-task-list"},
    "section": {"footnotes"},
    "sup": {"footnote-ref"},
}
MARKUP = frozenset("\\`*_$[]<>&!~")
SCHEMES = {"http", "https", "mailto"}
FORMATTER = HtmlFormatter(nowrap=True)


MAX_TEXT_LENGTH = 100_000
MAX_OUTPUT_LENGTH = 2_000_000
MAX_LINES = 10_000
MAX_BLOCK_TOKENS = 20_000
MAX_TOKENS = 60_000
MAX_LIST_ITEMS = 2_000  # the time for task lists grows with the square
MAX_BRACKETS = 5_000  # outside of code; brackets begin links, pictures and footnotes
MAX_FOOTNOTES = 500
MAX_FORMULAS = 500
MAX_FORMULA_LENGTH = 20_000  # of all formulas; `core.text.mathml` limits each
MAX_HIGHLIGHTED_BLOCK = 10_000  # the time of some lexers grows with the square
MAX_HIGHLIGHTED = 50_000
FORMULA_TOKENS = ("math_inline", "math_inline_double", "math_block", "math_block_label")


class TooComplexError(Exception):
    """The text exceeds a limit of this module."""


def _limit_blocks(state: StateCore) -> None:
    """Raise TooComplexError if the blocks exceed a limit. Code beyond its limits is not highlighted."""
    tokens = state.tokens
    items = sum(token.type == "list_item_open" for token in tokens)
    brackets = sum(token.content.count("[") for token in tokens if token.type == "inline")
    if len(tokens) > MAX_BLOCK_TOKENS or items > MAX_LIST_ITEMS or brackets > MAX_BRACKETS:
        raise TooComplexError
    highlighted = 0
    for token in tokens:
        if token.type == "fence":
            if len(token.content) > MAX_HIGHLIGHTED_BLOCK or highlighted + len(token.content) > MAX_HIGHLIGHTED:
                token.info = ""
            highlighted += len(token.content) if token.info else 0


def _limit_tokens(state: StateCore) -> None:
    """Raise TooComplexError if the parts of the blocks exceed a limit."""
    tokens = [part for token in state.tokens for part in (token, *(token.children or ()))]
    formulas = [token.content for token in tokens if token.type in FORMULA_TOKENS]
    footnotes = sum(token.type == "footnote_ref" for token in tokens)
    if len(tokens) > MAX_TOKENS or footnotes > MAX_FOOTNOTES or len(formulas) > MAX_FORMULAS:
        raise TooComplexError
    if sum(map(len, formulas)) > MAX_FORMULA_LENGTH:
        raise TooComplexError


@lru_cache(maxsize=32)
def _get_lexer(language: str) -> Any:
    return get_lexer_by_name(language)


def _highlight(code: str, language: str, _attributes: str) -> str:
    """Return code with a span for each token, or an empty string for unknown languages: markdown-it escapes it."""
    try:
        lexer = _get_lexer(language)
    except ClassNotFound:
        return ""
    return str(highlight(code, lexer, FORMATTER))


def _render_heading(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """Render a heading one level lower, because the page has its own h1."""
    token = tokens[index]
    token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
    return self.renderToken(tokens, index, options, env)


def _filter_token_class(tag: str, attribute: str, value: str) -> str | None:
    """Remove `class` from spans unless it is a short class name of Pygments."""
    if tag == "span" and attribute == "class":
        return value if value.isalnum() and len(value) <= 3 else None
    return value


def _render_formula(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """Store the MathML of a formula and return its placeholder, or its source as code if it is not valid."""
    token = tokens[index]
    block = token.type.startswith("math_block")
    mathml = to_mathml(token.content.strip(), block=block)
    if mathml is None:
        return f"<code>{escapeHtml(token.content)}</code>"
    placeholder = f"formula-{env['nonce']}-{len(env['formulas'])}-"
    env["formulas"].append(mathml)
    return f"<div>{placeholder}</div>\n" if block else placeholder


def _create_parser(*, breaks: bool = False) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": False, "highlight": _highlight, "breaks": breaks})
    parser.enable(["table", "strikethrough"]).use(footnote_plugin).use(tasklists_plugin)
    # Prices stay text: "$5 and $10" is not a formula, because a formula must not touch digits or spaces.
    parser.use(dollarmath_plugin, allow_space=False, allow_digits=False, double_inline=True)
    parser.core.ruler.after("block", "limit_blocks", _limit_blocks)
    parser.core.ruler.after("inline", "limit_tokens", _limit_tokens)
    for token_type in FORMULA_TOKENS:
        parser.add_render_rule(token_type, _render_formula)
    parser.add_render_rule("heading_open", _render_heading)
    parser.add_render_rule("heading_close", _render_heading)
    return parser


PARSER, PARSER_WITH_BREAKS = _create_parser(), _create_parser(breaks=True)


def to_html(text: str, *, breaks: bool = False) -> str:
    """Return Markdown as HTML without scripts, forms, styles, frames, ids and URL schemes other than `SCHEMES`.

    With `breaks`, line breaks within a paragraph are kept, as for texts that are typed into a small field.

    A text that exceeds a limit of this module is returned as plain text after a sentence that says so.
    """
    try:
        return _render(text, PARSER_WITH_BREAKS if breaks else PARSER)
    except TooComplexError:
        notice = _("This text is too long or too complex to be formatted. It is shown as plain text.")
        return f"<p><em>{escape(notice)}</em></p>\n{plain_to_html(text)}"


def _render(text: str, parser: MarkdownIt) -> str:
    """Return Markdown as HTML. Raises TooComplexError."""
    if len(text) > MAX_TEXT_LENGTH or text.count("\n") > MAX_LINES:
        raise TooComplexError
    return _finish(parser.render, text)


def _finish(render: Callable[[str, EnvType], str], text: str) -> str:
    """Return the sanitized output of `render` with its formulas. Raises TooComplexError if it is too long."""
    formulas: list[str] = []
    nonce = secrets.token_hex(16)
    html = clean(render(text, {"formulas": formulas, "nonce": nonce}))
    if len(html) + sum(map(len, formulas)) > MAX_OUTPUT_LENGTH:
        raise TooComplexError
    return re.sub(f"formula-{nonce}-(\\d+)-", lambda match: formulas[int(match[1])], html)


def has_markup(text: str) -> bool:
    """Return whether a short text can contain Markdown: a quick test that may be wrong for text without any."""
    return not MARKUP.isdisjoint(text)


@lru_cache(maxsize=4096)
def to_inline_html(text: str) -> str:
    """Return a short text in Markdown, such as an answer option, as safe HTML without paragraphs, lists and tables."""
    if not has_markup(text):
        return escape(text)
    try:
        return _finish(PARSER.renderInline, text)
    except TooComplexError:
        return escape(text)


def plain_to_html(text: str) -> str:
    """Return plain text as HTML that shows it as it was typed, with its line breaks and indents."""
    return f'<div class="typed">{escape(text)}</div>'


def clean(html: str) -> str:
    """Return `html` without the tags, attributes, classes and URLs that are not on the allow-lists above."""
    attributes: dict[str, Any] = {**ATTRIBUTES, "span": {"class"}}
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=attributes,
        allowed_classes=CLASSES,
        attribute_filter=_filter_token_class,
        url_schemes=SCHEMES,
        link_rel="nofollow noopener noreferrer",
        strip_comments=True,
    )
