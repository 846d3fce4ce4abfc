"""Search over everything: each app says what it finds for a person, and this puts it side by side.

An app registers a source in its `ready`; it alone decides who may see what it finds.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

SHORTEST = 2  # letters; fewer would find everything
HITS_OF_A_KIND = 6
LONGEST = 200


class Hit(NamedTuple):
    """Something found: its title, a few words on where it stands, and its address."""

    title: str
    detail: str
    url: str


@dataclass(frozen=True)
class Source:
    """One kind of thing: its heading, the icon before each hit, and `find(user, text)`, which yields hits that `user`
    may open, the best first. It is cut after `HITS_OF_A_KIND`, so a source answers lazily or slices itself."""

    name: str
    heading: Any
    icon: str
    find: Callable[[Any, str], Iterable[Hit]]


class Found(NamedTuple):
    """The hits of one source, never none."""

    source: Source
    hits: list[Hit]


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    """Add a source; call it once, from the app's `ready`. They are shown in the order of registering."""
    _sources[source.name] = source


def find_everywhere(user: Any, text: str) -> list[Found]:
    """Return what every source finds for `user`, who may be a visitor; nothing for a text shorter than two letters.

    Costs at most one query for each source, whatever the number of rows."""
    text = text.strip()[:LONGEST]
    if len(text) < SHORTEST:
        return []
    found = (Found(source, list(source.find(user, text))[:HITS_OF_A_KIND]) for source in _sources.values())
    return [one for one in found if one.hits]
