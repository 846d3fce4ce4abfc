"""Markdown to HTML that is safe to show to anybody (QUALITY C03).

Two walls: markdown-it reads with raw HTML off, and nh3 lets through only what stands in the lists below. Formulas
between dollar signs stand behind both as numbers, and are put in last, as `lms.lib.formulas` writes them.
"""

import re
from collections.abc import Sequence
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.common.utils import escapeHtml
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.tasklists import tasklists_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

from lms.lib.formulas import to_mathml

# Private signs, which nobody types: they mark the place of a formula while everything else is cleaned.
OPENS, CLOSES = "\ue000", "\ue001"
PLACE = re.compile(f"{OPENS}(\\d+){CLOSES}")

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
# Only the classes that the highlighter and the task list write; any other would let a lesson dress up as our buttons.
CLASSES = {
    "div": {"code"},
    "li": {"task-list-item"},
    "ul": {"contains-task-list"},
    "section": {"footnotes"},
    "sup": {"footnote-ref"},
}
SCHEMES = {"http", "https", "mailto"}


def _highlighted(code: str, language: str, _attributes: str) -> str:
    """Return code with a span for each token; the plain, escaped code for a language that Pygments does not know."""
    try:
        lexer = get_lexer_by_name(language)
    except ClassNotFound:
        return ""
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


def _deeper_heading(self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """Render a heading one level down: the page has its own h1."""
    token = tokens[index]
    token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
    return self.renderToken(tokens, index, options, env)


def _keep_token_class(tag: str, attribute: str, value: str) -> str | None:
    """Keep `class` on the highlighter's spans when it is one of Pygments' short names."""
    if tag == "span" and attribute == "class":
        return value if value.isalnum() and len(value) <= 3 else None
    return value


def _place_of_formula(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType
) -> str:
    """Keep a formula for later, and return the mark of its place; its source as code where it is no formula."""
    token = tokens[index]
    block = token.type.startswith("math_block")
    drawn = to_mathml(token.content.strip(), block=block)
    if drawn is None:
        return f"<code>{escapeHtml(token.content)}</code>"
    env["formulas"].append(drawn)
    mark = f"{OPENS}{len(env['formulas']) - 1}{CLOSES}"
    return f"<div>{mark}</div>\n" if block else mark


def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "linkify": False, "highlight": _highlighted})
    reader.enable(["table", "strikethrough"]).use(footnote_plugin).use(tasklists_plugin)
    # Prices are text: "$5 and $10" is no formula, since it begins or ends at a digit or a space.
    reader.use(dollarmath_plugin, allow_space=False, allow_digits=False, double_inline=True)
    for kind in ("math_inline", "math_inline_double", "math_block", "math_block_label"):
        reader.add_render_rule(kind, _place_of_formula)
    reader.add_render_rule("heading_open", _deeper_heading)
    reader.add_render_rule("heading_close", _deeper_heading)
    return reader


READER = _reader()


def to_html(text: str) -> str:
    """Return `text`, written in Markdown, as HTML that holds no script, form, style, frame, id or foreign scheme."""
    formulas: list[str] = []
    html = clean(READER.render(text.replace(OPENS, "").replace(CLOSES, ""), {"formulas": formulas}))
    return PLACE.sub(lambda place: formulas[int(place[1])], html)


def clean(html: str) -> str:
    """Return `html` with everything removed that is not on the allow-lists above."""
    attributes: dict[str, Any] = {**ATTRIBUTES, "span": {"class"}}
    return nh3.clean(
        html,
        tags=TAGS,
        attributes=attributes,
        allowed_classes=CLASSES,
        attribute_filter=_keep_token_class,
        url_schemes=SCHEMES,
        link_rel="nofollow noopener noreferrer",
        strip_comments=True,
    )
