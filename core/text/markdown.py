"""Conversion of Markdown to safe HTML (quality row C03).

Two layers: markdown-it parses, and `core.text.sanitizer` removes everything that is not on its allow-list. Raw HTML is
escaped unless the caller allows it, which is meant for the texts of instructors and staff (docs/api.md, "Text").
Formulas and checkboxes pass both layers as placeholders, which are replaced at the end by the output of
`core.text.mathml` and by inputs. A placeholder contains a random number of this rendering, so that no text can imitate
it.

Time and output of a rendering are bounded by the length of the text and the number of its parts. Of a text with more,
the plain text is returned (quality row V09).
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from django.utils.html import escape, urlize
from django.utils.translation import gettext as _
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.anchors import anchors_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.dollarmath.index import math_inline_dollar
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.gfm_autolink import gfm_autolink_plugin
from mdit_py_plugins.tasklists import tasklists_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from core.text import sanitizer
from core.text.mathml import to_mathml

MARKUP = frozenset("\\`*_$[]<>&!~:@")
MAIN_TEXT = "content-"  # prefix of the ids of the one main text of a page, such as a lesson
FORMULA_BLOCK = re.compile(
    r"\\begin\{((?:equation|align|aligned|flalign|gather|gathered|multline|split|cases|[pbBvV]?matrix)\*?)\}"
)
# An amount of money before a word, such as "$5 to". Its dollar sign does not begin a formula.
AMOUNT = re.compile(r"\$\d[\d.,]*\s+[^\W\d_]{2}")
HTML_DOCUMENT = re.compile(r"\s*<(?:!doctype|html|head|body)\b", re.IGNORECASE)
ELEMENT_START = re.compile(r"<[a-z]", re.IGNORECASE)
ELEMENT = re.compile(r"</?[a-z][a-z0-9]*[\s>/]|<!--", re.IGNORECASE)
LINK = re.compile(r"<a(?= href=)")
MAIN_HEADING = re.compile(r"(</?)h1\b", re.IGNORECASE)
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
MAX_LINK_SCAN = 5_000_000  # see `_estimate_link_scan`
MAX_ELEMENTS = 10_000  # of an author's HTML; the time of the sanitizer grows with the square of their nesting
FORMULA_TOKENS = ("math_inline", "math_inline_double", "math_block", "math_block_label")
CHECKBOX = '<input class="task-list-item-checkbox"'


class TooComplexError(Exception):
    """The text exceeds a limit of this module."""


def _limit_blocks(state: StateCore) -> None:
    """Raise TooComplexError if the blocks exceed a limit. Code beyond its limits is not highlighted."""
    tokens = state.tokens
    items = sum(token.type == "list_item_open" for token in tokens)
    brackets = sum(token.content.count("[") for token in tokens if token.type == "inline")
    if len(tokens) > MAX_BLOCK_TOKENS or items > MAX_LIST_ITEMS or brackets > MAX_BRACKETS:
        raise TooComplexError
    if sum(_estimate_link_scan(token.content) for token in tokens if token.type == "inline") > MAX_LINK_SCAN:
        raise TooComplexError
    highlighted = 0
    for token in tokens:
        if token.type == "fence":
            if len(token.content) > MAX_HIGHLIGHTED_BLOCK or highlighted + len(token.content) > MAX_HIGHLIGHTED:
                token.info = ""
            highlighted += len(token.content) if token.info else 0


def _estimate_link_scan(text: str) -> int:
    """Return the number of characters that the search for bare URLs reads.

    It reads a line once for each colon, which may end a scheme, and 20 times faster for each closing parenthesis, which
    may follow a URL.
    """
    return sum((line.count(":") + line.count(")") // 20) * len(line) for line in text.split("\n"))


def _limit_tokens(state: StateCore) -> None:
    """Raise TooComplexError if the parts of the blocks exceed a limit."""
    tokens = [part for token in state.tokens for part in (token, *(token.children or ()))]
    formulas = [token.content for token in tokens if token.type in FORMULA_TOKENS]
    footnotes = sum(token.type == "footnote_ref" for token in tokens)
    if len(tokens) > MAX_TOKENS or footnotes > MAX_FOOTNOTES or len(formulas) > MAX_FORMULAS:
        raise TooComplexError
    if sum(map(len, formulas)) > MAX_FORMULA_LENGTH:
        raise TooComplexError
    _limit_elements("".join(token.content for token in tokens if token.type in ("html_block", "html_inline")))


def _limit_elements(html: str) -> None:
    """Raise TooComplexError for too many elements in an author's HTML."""
    if len(ELEMENT_START.findall(html)) > MAX_ELEMENTS:
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


def _render_formula(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """Store the MathML of a formula and return its placeholder, or its source as code if it is not valid."""
    token = tokens[index]
    block = token.type.startswith("math_block")
    mathml = to_mathml(token.content.strip(), block=block)
    if mathml is None:
        return f"<code>{escapeHtml(token.content)}</code>"
    placeholder = _store_part(env, mathml)
    return f"<div>{placeholder}</div>\n" if block else placeholder


def _render_raw_html(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """Render a checkbox of a task list as a placeholder, and an author's HTML as it is, its h1 one level lower."""
    token = tokens[index]
    if token.content.startswith(CHECKBOX):
        label = "".join(part.content for part in tokens if part.type in ("text", "code_inline")).strip()
        checked = " checked" if ' checked="checked"' in token.content else ""
        return _store_part(env, f'<input type="checkbox" disabled{checked} aria-label="{escape(label[:200])}">')
    return MAIN_HEADING.sub(r"\1h2", token.content)


def _store_part(env: EnvType, html: str) -> str:
    """Store HTML that replaces the returned placeholder after the sanitizer."""
    env["parts"].append(html)
    return f"part-{env['nonce']}-{len(env['parts']) - 1}-"


def _parse_formula_block(state: StateBlock, line: int, last: int, silent: bool) -> bool:
    r"""Parse a formula that is not between dollar signs, from `\begin{align}` to the end of that environment."""
    start = state.bMarks[line] + state.tShift[line]
    opening = FORMULA_BLOCK.match(state.src, start)
    if opening is None or state.is_code_block(line):
        return False
    closing = f"\\end{{{opening[1]}}}"
    end = state.src.find(closing, start)
    closed_at = next((number for number in range(line, last) if state.eMarks[number] >= end + len(closing)), None)
    if end < 0 or closed_at is None or state.src[end + len(closing) : state.eMarks[closed_at]].strip():
        return False
    if not silent:
        state.line = closed_at + 1
        token = state.push("math_block", "math", 0)
        token.block = True
        token.content = state.getLines(line, state.line, state.sCount[line], False)
        token.map = [line, state.line]
    return True


_parse_dollar_formula = math_inline_dollar(allow_space=False, allow_digits=False, allow_double=True)


def _parse_inline_formula(state: StateInline, silent: bool) -> bool:
    """Parse a formula by the rules of Pandoc, so that prices stay text: "$5 and $10", "from $5 to 6$"."""
    return not AMOUNT.match(state.src, state.pos) and _parse_dollar_formula(state, silent)


def _create_parser(*, breaks: bool = False, html: bool = False, indented_code: bool = True) -> MarkdownIt:
    options = {"html": html, "linkify": False, "highlight": _highlight, "breaks": breaks}
    parser = MarkdownIt("commonmark", options)
    parser.enable(["table", "strikethrough"]).use(footnote_plugin).use(tasklists_plugin)
    parser.use(dollarmath_plugin, allow_space=False, allow_digits=False, double_inline=True)
    parser.use(anchors_plugin, max_level=6).use(gfm_autolink_plugin)
    parser.inline.ruler.at("math_inline", _parse_inline_formula)
    parser.block.ruler.before("blockquote", "formula_block", _parse_formula_block, {"alt": ["paragraph", "list"]})
    parser.core.ruler.after("block", "limit_blocks", _limit_blocks)
    parser.core.ruler.after("inline", "limit_tokens", _limit_tokens)
    if not indented_code:
        parser.disable("code")
    for token_type in FORMULA_TOKENS:
        parser.add_render_rule(token_type, _render_formula)
    for token_type in ("html_inline", "html_block"):
        parser.add_render_rule(token_type, _render_raw_html)
    parser.add_render_rule("heading_open", _render_heading)
    parser.add_render_rule("heading_close", _render_heading)
    return parser


PARSER, PARSER_WITH_BREAKS = _create_parser(), _create_parser(breaks=True)
HTML_PARSER, HTML_PARSER_WITH_BREAKS = _create_parser(html=True), _create_parser(html=True, breaks=True)
# For a text that begins with an element: its indented lines are more HTML, not code.
ELEMENTS_PARSER = _create_parser(html=True, indented_code=False)


def to_html(text: str, *, breaks: bool = False, allow_html: bool = False, id_prefix: str = "") -> str:
    """Return Markdown as HTML without scripts, forms, styles and URL schemes other than http, https and mailto.

    With `breaks`, line breaks within a paragraph are kept, as for texts that are typed into a small field. With
    `allow_html`, HTML in the text is sanitized instead of escaped, and a text that is all HTML is not read as Markdown.
    `id_prefix` begins the ids of headings and footnotes; by default it depends on the text, so that a page may show
    several texts.

    A text that exceeds a limit of this module is returned as plain text after a sentence that says so.
    """
    id_prefix = id_prefix or f"t{hashlib.blake2s(text.encode(errors='replace'), digest_size=4).hexdigest()}-"
    try:
        return _finish(_choose_renderer(text, breaks, allow_html), text, id_prefix)
    except (TooComplexError, sanitizer.TooDeepError):
        notice = _("This text is too long or too complex to be formatted. It is shown as plain text.")
        return f"<p><em>{escape(notice)}</em></p>\n{plain_to_html(text)}"


def _choose_renderer(text: str, breaks: bool, allow_html: bool) -> Callable[[str, EnvType], str]:
    if not allow_html:
        return (PARSER_WITH_BREAKS if breaks else PARSER).render
    if not ELEMENT.match(text.lstrip()) and not HTML_DOCUMENT.match(text):
        return (HTML_PARSER_WITH_BREAKS if breaks else HTML_PARSER).render
    return _pass_html if is_html_document(text) else ELEMENTS_PARSER.render


def _pass_html(text: str, env: EnvType) -> str:
    """Return a text that is all HTML for the sanitizer. Raises TooComplexError."""
    _limit_elements(text)
    return MAIN_HEADING.sub(r"\1h2", text)


def is_html_document(text: str) -> bool:
    """Return whether a text has no Markdown: it is an HTML document, or each paragraph begins with an element."""
    if HTML_DOCUMENT.match(text):
        return True
    paragraphs = [paragraph.strip() for paragraph in re.split(r"\n[ \t\r]*\n", text) if paragraph.strip()]
    return all(ELEMENT.match(paragraph) and paragraph.endswith(">") for paragraph in paragraphs)


def _finish(render: Callable[[str, EnvType], str], text: str, id_prefix: str) -> str:
    """Return the sanitized output of `render` with its formulas and checkboxes.

    Raises TooComplexError if the text or the output is too long, and sanitizer.TooDeepError.
    """
    if len(text) > MAX_TEXT_LENGTH or text.count("\n") > MAX_LINES:
        raise TooComplexError
    parts: list[str] = []
    nonce = secrets.token_hex(16)
    html = sanitizer.clean(render(text, {"parts": parts, "nonce": nonce}), id_prefix=id_prefix)
    if len(html) + sum(map(len, parts)) > MAX_OUTPUT_LENGTH:
        raise TooComplexError
    return re.sub(f"part-{nonce}-(\\d+)-", lambda match: parts[int(match[1])], html)


def has_markup(text: str) -> bool:
    """Return whether a short text can contain Markdown: a quick test that may be wrong for text without any."""
    return not MARKUP.isdisjoint(text)


@lru_cache(maxsize=4096)
def to_inline_html(text: str) -> str:
    """Return a short text in Markdown, such as an answer option, as safe HTML without paragraphs, lists and tables."""
    if not has_markup(text):
        return escape(text)
    try:
        return _finish(PARSER.renderInline, text, "option-")
    except (TooComplexError, sanitizer.TooDeepError):
        return escape(text)


def plain_to_html(text: str) -> str:
    """Return plain text as HTML that shows it as it was typed, with its line breaks and indents, its URLs as links."""
    return f'<div class="typed">{link_urls(text)}</div>'


def link_urls(text: str) -> str:
    """Return plain text, escaped, with its URLs and email addresses as links."""
    return LINK.sub(rf'<a rel="{sanitizer.LINK_REL}"', urlize(text, autoescape=True))
