"""Markdown to HTML that is safe to show to anybody (QUALITY C03).

Two walls: markdown-it reads with raw HTML off, and nh3 lets through only what stands in the lists below.
"""

from collections.abc import Sequence
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.tasklists import tasklists_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

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


def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "linkify": False, "highlight": _highlighted})
    reader.enable(["table", "strikethrough"]).use(footnote_plugin).use(tasklists_plugin)
    reader.add_render_rule("heading_open", _deeper_heading)
    reader.add_render_rule("heading_close", _deeper_heading)
    return reader


READER = _reader()


def to_html(text: str) -> str:
    """Return `text`, written in Markdown, as HTML that holds no script, form, style, frame, id or foreign scheme."""
    return clean(READER.render(text))


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
