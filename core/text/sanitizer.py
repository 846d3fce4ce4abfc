"""Removal of everything from HTML that is not on the allow-list below (quality row C03).

The list is the same for rendered Markdown and for HTML that authors write (docs/api.md, "Text").
"""

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import nh3
from django.conf import settings
from django.utils.html import escape

TAGS = {
    "a", "abbr", "audio", "b", "bdi", "blockquote", "br", "caption", "cite", "code", "dd", "del", "details", "dfn",
    "div", "dl", "dt", "em", "figcaption", "figure", "h2", "h3", "h4", "h5", "h6", "hr", "i", "iframe", "img", "ins",
    "kbd", "li", "mark", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp", "section", "small", "source", "span",
    "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "track", "u", "ul", "var",
    "video", "wbr",
}  # fmt: skip
# Elements that are removed together with their content.
REMOVED_WITH_CONTENT = {"script", "style", "template", "title"}
ATTRIBUTES = {
    "*": {"dir", "id", "lang"},
    "a": {"href", "title"},
    "abbr": {"title"},
    "audio": {"src"},
    "details": {"open"},
    "iframe": {"src", "title", "width", "height", "allowfullscreen"},
    "img": {"src", "alt", "title", "width", "height"},
    "ol": {"start", "type"},
    "source": {"src", "type"},
    "td": {"align", "style", "colspan", "rowspan"},
    "th": {"align", "style", "colspan", "rowspan", "scope"},
    "track": {"src", "kind", "srclang", "label"},
    "video": {"src", "poster", "width", "height"},
}
# Classes of the renderer. Other classes could imitate the site's components.
CLASSES = {
    "div": {"code"},
    "li": {"task-list-item"},
    "ul": {"contains-task-list"},
    "section": {"footnotes"},
    "sup": {"footnote-ref"},
}
ADDED_ATTRIBUTES = {
    "audio": {"controls": "", "preload": "metadata"},
    "video": {"controls": "", "preload": "metadata"},
    "iframe": {
        "sandbox": "allow-scripts allow-same-origin allow-presentation allow-popups",
        "loading": "lazy",
        "referrerpolicy": "strict-origin-when-cross-origin",
    },
}
SCHEMES = {"http", "https", "mailto"}
LINK_REL = "nofollow noopener noreferrer"
VOID_TAGS = {"br", "hr", "img", "source", "track", "wbr"}

MAX_DEPTH = 100
MAX_SPAN = 100  # of a table cell, in rows and columns

OWN_FILE = re.compile(r"(?:/api/v1)?/files/[0-9a-f-]{36}/(?:play/|download)?")
YOUTUBE_PLAYER = re.compile(
    r"(?:https:)?//(?:www\.)?youtube(?:-nocookie)?\.com(/embed/[\w-]{6,20}(?:\?[^#]*)?)", re.ASCII
)
ID = re.compile(r"[\w.:-]{1,100}")
TEXT_ALIGN = re.compile(r"(?:^|;)\s*text-align\s*:\s*(left|right|center|justify)\s*(?:;|$)", re.IGNORECASE)
# Tags as the sanitizer writes them: attribute values are quoted, and "<", ">" and quotes in them are escaped.
TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)[^>]*>")
CELL_STYLE = re.compile(r'(<t[dh](?: [^>]*)?) style="text-align:([a-z]+)"')
FRAME = re.compile(r"<iframe([^>]*)>.*?</iframe>", re.DOTALL)
BLOCKED_FRAME = re.compile(r' src="#blocked-(\d+)"')


class TooDeepError(Exception):
    """The elements are nested more than MAX_DEPTH deep."""


@dataclass
class AttributeFilter:
    """The rules for the values of attributes. Ids and links to ids get `id_prefix`, so that none is an id of the page.

    URLs of frames that are not allowed are collected in `blocked_frames`.
    """

    id_prefix: str
    ids: set[str] = field(default_factory=set)
    blocked_frames: list[str] = field(default_factory=list)

    def __call__(self, tag: str, attribute: str, value: str) -> str | None:
        """Return the value that an attribute gets, or None to remove the attribute."""
        if attribute == "id":
            return self._filter_id(value)
        if attribute == "href" and value.startswith("#") and len(value) > 1:
            return f"#{self._add_prefix(value[1:])}"
        if tag == "span" and attribute == "class":
            return value if value.isalnum() and len(value) <= 3 else None  # a short class name of Pygments
        if tag in ("td", "th"):
            return _filter_cell(attribute, value)
        if tag in ("audio", "video", "source", "track") and attribute in ("src", "poster"):
            return _own_file(value, attribute)
        if tag == "iframe" and attribute == "src":
            return self._filter_frame(value)
        return value

    def _filter_id(self, value: str) -> str | None:
        if not ID.fullmatch(value) or value in self.ids:
            return None
        self.ids.add(value)
        return self._add_prefix(value)

    def _add_prefix(self, name: str) -> str:
        return name if name.startswith(self.id_prefix) else self.id_prefix + name

    def _filter_frame(self, value: str) -> str:
        address = player_address(value)
        if address is None:
            self.blocked_frames.append(value)
            return f"#blocked-{len(self.blocked_frames) - 1}"
        return address


def player_address(url: str) -> str | None:
    """Return the URL of a player that may be framed, of YouTube without cookies; None for other URLs."""
    if found := YOUTUBE_PLAYER.fullmatch(url.strip()):
        return f"https://www.youtube-nocookie.com{found[1]}"
    hosts = (*settings.VIDEO_HOSTS, *settings.EMBED_HOSTS)
    url = f"https:{url}" if url.startswith("//") else url
    return url if any(url.startswith(f"{host.rstrip('/')}/") for host in hosts) else None


def _own_file(url: str, attribute: str) -> str | None:
    path = url.removeprefix(settings.SITE_URL)
    if attribute == "poster":
        return path if re.fullmatch(r"/files/[0-9a-f-]{36}/picture/\d{1,4}/", path) else None
    return path if OWN_FILE.fullmatch(path) else None


def _filter_cell(attribute: str, value: str) -> str | None:
    if attribute == "style":
        found = TEXT_ALIGN.search(value)
        return f"text-align:{found[1].lower()}" if found else None
    if attribute in ("colspan", "rowspan"):
        return value if value.isascii() and value.isdigit() and 1 <= int(value[:4]) <= MAX_SPAN else None
    return value


def clean(html: str, *, id_prefix: str) -> str:
    """Return `html` without the tags, attributes, classes, ids and URLs that are not on the allow-lists above.

    The alignment of table cells becomes an attribute, because the Content-Security-Policy of the pages blocks styles. A
    frame of a host that is not allowed becomes a link. Raises TooDeepError.
    """
    filter_attribute = AttributeFilter(id_prefix)
    attributes: dict[str, Any] = {**ATTRIBUTES, "span": {"class"}}
    cleaned = nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags=REMOVED_WITH_CONTENT,
        attributes=attributes,
        allowed_classes=CLASSES,
        attribute_filter=filter_attribute,
        set_tag_attribute_values=ADDED_ATTRIBUTES,
        url_schemes=SCHEMES,
        link_rel=LINK_REL,
        strip_comments=True,
    )
    cleaned = FRAME.sub(lambda match: _finish_frame(match[1], filter_attribute.blocked_frames), cleaned)
    _check_depth(cleaned)
    return CELL_STYLE.sub(r'\1 align="\2"', cleaned)


def _check_depth(html: str) -> None:
    """Raise TooDeepError if the sanitized HTML, whose elements are all closed, is nested too deep."""
    depth = 0
    for closing, tag in TAG.findall(html):
        if tag not in VOID_TAGS:
            depth += -1 if closing else 1
        if depth > MAX_DEPTH:
            raise TooDeepError


def _finish_frame(attributes: str, blocked: list[str]) -> str:
    """Return a frame with a title, or the link that replaces it."""
    if found := BLOCKED_FRAME.search(attributes):
        url = blocked[int(found[1])]
        url = f"https:{url}" if url.startswith("//") else url
        if not url.startswith(("https://", "http://")):
            return ""
        return f'<a href="{escape(url)}" rel="{LINK_REL}">{escape(url)}</a>'
    source = re.search(r' src="([^"]*)"', attributes)
    if source is None:
        return ""
    if ' title="' not in attributes:
        attributes += f' title="{escape(urlsplit(source[1]).hostname or "")}"'
    return f"<iframe{attributes}></iframe>"
