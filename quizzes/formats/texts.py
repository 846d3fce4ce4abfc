"""Conversion of the texts of a file to the Markdown of questions and options."""

import re
from typing import Any

from django.utils.translation import gettext as _
from lxml import etree

from quizzes.formats.content import Text, UnreadableQuestionError

MAX_SOURCE = 50_000
LOOKS_LIKE_HTML = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>]{0,2000})?/?>|&(?:[a-zA-Z]{2,10}|#\d{1,7});")
# Bounded repetitions: an unbounded one would take quadratic time on a text of unclosed brackets.
FORMULA = re.compile(
    r"\\\((?P<inline>[^$]{1,500}?)\\\)|\$\$(?P<double>[^$]{1,500}?)\$\$|\\\[(?P<block>[^$]{1,500}?)\\\]"
)
BLANK_TO_FILL = r"_{3,}(?=[\s.,:;!?)]|$)"  # an unclosed run of underscores: no markup
SPECIAL = re.compile(
    rf"{BLANK_TO_FILL}|\\(?=[!-/:-@\[-`{{-~])|`|\[|\$|\*(?!\s)|(?<!\s)\*|~(?=~)|<(?=[A-Za-z/!?])"
    r"|&(?=#?\w{1,31};)|(?<![^\W_])_|_(?![^\W_])"
)
LINE_START = re.compile(
    r"^[ \t]*(?:(?=[#>+*-](?:\s|$)|#{2,6}\s|_{3,}\s*$|\*{3,}\s*$|-{2,}\s*$|=+\s*$|>)|(\d{1,9})(?=[.)](?:\s|$)))", re.M
)
INDENT = re.compile(r"^[ \t]+", re.MULTILINE)
SAFE_LINK = re.compile(r"(?:https?://|mailto:)[^\s()<>]+")

EMPHASIS = {"b": "**", "strong": "**", "em": "*", "i": "*"}
CODE = {"code", "tt", "kbd", "samp"}
BLOCKS = {
    "address", "article", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset", "figure", "form", "h1",
    "h2", "h3", "h4", "h5", "h6", "hr", "html", "li", "ol", "p", "pre", "section", "table", "tbody", "thead", "tr",
    "ul",
}  # fmt: skip
MEDIA = {"audio", "video", "object", "embed", "iframe", "canvas", "svg", "math"}
SKIPPED = {"script", "style", "head", "title", *MEDIA}


def to_markdown(source: Text, *, inline: bool = False) -> tuple[str, list[str]]:
    """Return the text as Markdown, and notes on what was left out. `inline` returns a single line.

    Raises UnreadableQuestionError for a text that is too long.
    """
    if len(source.text) > MAX_SOURCE:
        raise UnreadableQuestionError(_("A text is longer than %d characters.") % MAX_SOURCE)
    if source.markup == "markdown":
        return source.text.strip(), []
    if source.markup == "html" or (source.markup == "moodle" and LOOKS_LIKE_HTML.search(source.text)):
        return _convert_html(source.text, inline=inline)
    text = escape(source.text.strip())
    return (" ".join(text.split()) if inline else escape_line_starts(text)), []


def to_plain(source: Text) -> tuple[str, list[str]]:
    """Return the text without markup, for the answers that students type, and notes on what was left out."""
    if source.markup == "html" or (source.markup == "moodle" and LOOKS_LIKE_HTML.search(source.text)):
        converter = _Converter(inline=True, is_plain=True)
        return converter.convert(source.text)
    return source.text.strip(), []


def escape(text: str) -> str:
    """Return plain text as Markdown. TeX in the delimiters of Moodle's filter becomes a formula."""
    parts, end = [], 0
    for match in FORMULA.finditer(text):
        parts += [_escape_plain(text[end : match.start()]), _formula(match)]
        end = match.end()
    return "".join([*parts, _escape_plain(text[end:])])


def _formula(match: re.Match[str]) -> str:
    if match["inline"] is not None:
        return f"${match['inline'].strip()}$"
    return f"$${(match['double'] or match['block'] or '').strip()}$$"


def _escape_plain(text: str) -> str:
    return SPECIAL.sub(lambda match: match[0] if match[0].startswith("___") else f"\\{match[0]}", text)


def escape_line_starts(text: str) -> str:
    """Return `text` so that no line begins a heading, list, quotation, rule or code block."""
    return INDENT.sub("", LINE_START.sub(lambda match: f"{match[1]}\\" if match[1] else "\\", text))


def _convert_html(html: str, *, inline: bool) -> tuple[str, list[str]]:
    return _Converter(inline=inline).convert(html)


class _Converter:
    """Parser target that collects Markdown. Blocks are paragraphs, list items, headings and code blocks."""

    def __init__(self, *, inline: bool, is_plain: bool = False) -> None:
        self.inline, self.is_plain = inline, is_plain
        self.blocks: list[str] = []
        self.parts: list[str] = []
        self.buffer: list[str] = []
        self.open: list[tuple[str, int, str]] = []  # tag, place in `parts`, address of a link
        self.lists: list[int | None] = []
        self.prefix = ""
        self.skipped = self.code = self.pre = 0
        self.notes: dict[str, None] = {}

    def convert(self, html: str) -> tuple[str, list[str]]:
        if not html.strip():
            return "", []
        parser = etree.HTMLParser(target=self, huge_tree=False, no_network=True)
        try:
            # The wrapper keeps a text without tags from being an empty document.
            etree.fromstring(f"<div>{html}</div>", parser)
        except etree.LxmlError:
            raise UnreadableQuestionError(_("A text contains HTML that can't be read.")) from None
        return (" " if self.inline else "\n\n").join(self.blocks).strip(), list(self.notes)

    def close(self) -> None:
        self._end_block()

    def comment(self, text: str) -> None:
        return

    def pi(self, target: str, data: str | None = None) -> None:
        return

    def data(self, data: str) -> None:
        if not self.skipped:
            self.buffer.append(data)

    def start(self, tag: str, attributes: Any) -> None:
        self._end_text()
        self._note_losses(tag, attributes)
        if tag in SKIPPED:
            self.skipped += 1
        elif tag in BLOCKS:
            self._start_block(tag)
        elif tag == "br":
            self.parts.append(" " if self.inline else "\\\n")
        elif tag in ("td", "th") and self.parts:
            self.parts.append(" | ")
        elif tag in ("sub", "sup"):
            self.parts.append("_" if tag == "sub" and self.is_plain else "\\_" if tag == "sub" else "^")
        elif tag in EMPHASIS or tag in CODE or tag == "a":
            self.code += tag in CODE
            self.open.append((tag, len(self.parts), attributes.get("href", "")))

    def end(self, tag: str) -> None:
        self._end_text()
        if tag in SKIPPED:
            self.skipped = max(0, self.skipped - 1)
        elif tag in BLOCKS:
            self._end_block()
            self.pre -= tag == "pre" and self.pre > 0
            if tag in ("ul", "ol") and self.lists:
                self.lists.pop()
        elif tag in EMPHASIS or tag in CODE or tag == "a":
            self._close(tag)

    def _note_losses(self, tag: str, attributes: Any) -> None:
        if tag == "img":
            self.notes[_("A picture was left out.")] = None
        elif tag in MEDIA:
            self.notes[_("Embedded media was left out.")] = None
        elif tag == "table":
            self.notes[_("A table was written as text.")] = None
        elif tag in ("sub", "sup"):
            self.notes[_("Subscripts and superscripts were written as _ and ^.")] = None
        elif tag in ("font", "u") or "style" in attributes:
            self.notes[_("Colors and other styling were left out.")] = None

    def _start_block(self, tag: str) -> None:
        self._end_block()
        if tag in ("ul", "ol"):
            self.lists.append(0 if tag == "ol" else None)
        elif tag == "li":
            self.prefix = self._item_prefix()
        elif tag[0] == "h" and tag[1:].isdigit():
            self.prefix = "#" * max(2, int(tag[1])) + " "
        elif tag == "pre":
            self.pre += 1

    def _item_prefix(self) -> str:
        number = self.lists[-1] if self.lists else None
        if number is not None:
            self.lists[-1] = number + 1
        indent = "   " * min(6, max(0, len(self.lists) - 1))
        return indent + ("- " if number is None else f"{number + 1}. ")

    def _end_text(self) -> None:
        """Move the text since the last tag to the parts."""
        text, self.buffer = "".join(self.buffer), []
        if not text:
            return
        if self.pre:
            self.parts.append(text)
            return
        text = re.sub(r"\s+", " ", text)
        self.parts.append(text if self.code or self.is_plain else escape(text))

    def _close(self, tag: str) -> None:
        """Wrap the parts since the opening tag in its markup."""
        self.code -= tag in CODE and self.code > 0
        if not any(name == tag for name, _place, _href in self.open):
            return
        name, place, href = self.open.pop()
        while name != tag:
            name, place, href = self.open.pop()
        inner = "".join(self.parts[place:])
        core = inner.strip()
        if not core or self.is_plain or self.pre:
            return
        before, _core, after = inner.partition(core)
        self.parts[place:] = [before + _wrap(tag, core, href) + after]

    def _end_block(self) -> None:
        self._end_text()
        text, self.parts, self.open = "".join(self.parts), [], []
        if self.pre and text.strip():
            self.blocks.append(_code_block(text, inline=self.inline))
        elif stripped := text.strip().removesuffix("\\").strip():
            if not self.inline:
                stripped = self.prefix + escape_line_starts(stripped)
            self.blocks.append(stripped)
            self.prefix = ""


def _wrap(tag: str, core: str, href: str) -> str:
    if tag in CODE:
        return "`" + core.replace("`", "'") + "`"
    if tag == "a":
        return f"[{core}]({href})" if SAFE_LINK.fullmatch(href) else core
    return EMPHASIS[tag] + core + EMPHASIS[tag]


def _code_block(text: str, *, inline: bool) -> str:
    if inline:
        return "`" + " ".join(text.replace("`", "'").split()) + "`"
    return "```\n" + text.strip("\n").replace("```", "'''") + "\n```"
