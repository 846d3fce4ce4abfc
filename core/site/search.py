"""Site-wide search: collects the hits of the sources that the apps register.

An app registers its source in `integrations.py`. The source alone decides which hits a user may see.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from core.registry import Registry

MIN_QUERY_LENGTH = 2  # characters; a shorter query would match nearly every row
MAX_HITS_PER_SOURCE = 6
MAX_QUERY_LENGTH = 200


class Hit(NamedTuple):
    """Search hit: its title, a short detail such as the name of its course, and its URL."""

    title: str
    detail: str
    url: str


@dataclass(frozen=True)
class Source:
    """Source of search hits: its heading, the icon of each hit, and `find(user, text)`.

    `find` yields the hits that `user` may open, best first. Only the first `MAX_HITS_PER_SOURCE` are used, so `find`
    should slice its queryset accordingly.
    """

    name: str
    heading: Any
    icon: str
    find: Callable[[Any, str], Iterable[Hit]]


class HitGroup(NamedTuple):
    """Hits of one source, at least one."""

    source: Source
    hits: list[Hit]


sources: Registry[Source] = Registry("a search source")


def search_all(user: Any, text: str) -> list[HitGroup]:
    """Return the hits of each source for `user`, who may be anonymous; an empty list for fewer than two characters.

    At most one query per source, whatever the number of rows.
    """
    text = text.strip()[:MAX_QUERY_LENGTH]
    if len(text) < MIN_QUERY_LENGTH:
        return []
    groups = (HitGroup(source, list(source.find(user, text))[:MAX_HITS_PER_SOURCE]) for source in sources)
    return [group for group in groups if group.hits]
