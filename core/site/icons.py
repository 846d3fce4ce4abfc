"""The icons of the site as one SVG sprite, which browsers cache.

`{% lucide "name" %}` writes a reference into the sprite instead of the drawing, since a page has up to a hundred icons.
The drawings come from the installed `lucide` package.
"""

import hashlib
from functools import cache
from typing import NamedTuple
from xml.etree import ElementTree

from lucide.templatetags.lucide import lucide

ICONS = (
    "arrow-down",
    "arrow-left",
    "arrow-right",
    "arrow-up",
    "award",
    "badge-check",
    "badge-x",
    "bell",
    "bell-ring",
    "book-open",
    "calendar",
    "calendar-check",
    "calendar-plus",
    "chart-column",
    "check",
    "check-check",
    "circle-alert",
    "circle-check",
    "circle-check-big",
    "circle-play",
    "circle-question-mark",
    "clipboard-check",
    "clipboard-list",
    "clock",
    "copy",
    "credit-card",
    "download",
    "ellipsis-vertical",
    "external-link",
    "eye",
    "eye-off",
    "file-text",
    "film",
    "flag",
    "folder-down",
    "graduation-cap",
    "grip-vertical",
    "history",
    "hourglass",
    "image",
    "info",
    "layers",
    "library",
    "list",
    "list-checks",
    "lock",
    "log-in",
    "log-out",
    "mail",
    "megaphone",
    "menu",
    "message-circle",
    "mic",
    "mic-off",
    "monitor",
    "moon",
    "package",
    "pencil",
    "pencil-ruler",
    "plus",
    "presentation",
    "printer",
    "receipt-text",
    "refresh-cw",
    "reply",
    "scale",
    "search",
    "search-x",
    "send-horizontal",
    "settings-2",
    "shield",
    "shield-check",
    "sliders-horizontal",
    "smartphone",
    "star",
    "sun",
    "table",
    "trash-2",
    "trending-down",
    "trending-up",
    "undo-2",
    "upload",
    "user-round",
    "user-round-check",
    "user-round-minus",
    "user-round-plus",
    "users",
    "video",
    "wifi",
    "wifi-off",
    "x",
)


class Sprite(NamedTuple):
    """The sprite's content, and a version that changes with it."""

    content: bytes
    version: str


@cache
def build_sprite() -> Sprite:
    """Return the sprite of all icons in `ICONS`, each a `<symbol>` with the icon's name as its id."""
    root = ElementTree.Element("svg", xmlns="http://www.w3.org/2000/svg")
    for name in ICONS:
        drawing = ElementTree.fromstring(lucide(name))  # noqa: S314  # the package's own file
        symbol = ElementTree.SubElement(
            root,
            "symbol",
            {
                "id": name,
                "viewBox": "0 0 24 24",
                "fill": "none",
                "stroke": "currentColor",
                "stroke-linecap": "round",
                "stroke-linejoin": "round",
            },
        )
        symbol.extend(drawing)
    content = ElementTree.tostring(root).replace(b"ns0:", b"").replace(b"xmlns:ns0", b"xmlns")
    return Sprite(content, hashlib.sha256(content).hexdigest()[:12])
