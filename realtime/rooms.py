"""Rooms: what people enter to hear each other. Which rooms there are, and who may enter, the apps above say.

A room is known by the field that names it in a client's message (`course_id`) and an id. Clients never name a group of
the channel layer: the server looks up whether they may enter, when they ask and from then on (QUALITY W02).
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import QuerySet

from accounts.models import User

Pair = tuple[uuid.UUID, uuid.UUID]


class Room(NamedTuple):
    """One room: by which field clients name its kind, and the id of what it belongs to."""

    field: str
    id: uuid.UUID

    def __str__(self) -> str:
        return f"{self.field}:{self.id}"


@dataclass(frozen=True)
class RoomKind:
    """One kind of room, as an app above describes it.

    `entrants` returns, of the pairs (user, room) that the given users and rooms make, those who may be in there now,
    in few queries however many are asked about. `describe` returns what a room is called and where its conversation
    stands; `members` everybody who may be mentioned in it; `moderates` whether a user keeps order there.
    """

    field: str
    entrants: Callable[[Collection[uuid.UUID], Collection[uuid.UUID]], set[Pair]]
    describe: Callable[[uuid.UUID], "Description"]
    members: Callable[[uuid.UUID], QuerySet[User]]
    moderates: Callable[[User, uuid.UUID], bool]


@dataclass(frozen=True)
class Description:
    """What a room is called, and the addresses of its conversation and of its announcements."""

    title: str
    url: str
    announcements_url: str


kinds: dict[str, RoomKind] = {}


def register(kind: RoomKind) -> None:
    """Make a kind of room known; call it once, from the app's `ready`."""
    kinds[kind.field] = kind


def named_in(message: dict[str, Any]) -> Room | None:
    """Return the room that a client's message names; None when it names none, or one of no known form."""
    for field in kinds:
        try:
            return Room(field, uuid.UUID(message[field]))
        except (KeyError, ValueError, TypeError, AttributeError):
            continue
    return None


def names_one(message: dict[str, Any]) -> bool:
    """Return whether a client's message names a room in words, be they right or wrong."""
    return any(isinstance(message.get(field), str) for field in kinds)


def those_inside(wanted: Iterable[tuple[uuid.UUID, Room]]) -> set[tuple[uuid.UUID, Room]]:
    """Return those of the pairs (user, room) that may be together now. As many queries as there are kinds, about."""
    by_kind: dict[str, set[Pair]] = defaultdict(set)
    for user_id, room in wanted:
        by_kind[room.field].add((user_id, room.id))
    inside = set()
    for field, pairs in by_kind.items():
        users, ids = {user_id for user_id, _id in pairs}, {room_id for _user, room_id in pairs}
        inside |= {(user_id, Room(field, room_id)) for user_id, room_id in kinds[field].entrants(users, ids) & pairs}
    return inside


def may_enter(user_id: uuid.UUID, room: Room) -> bool:
    """Return whether this user may be in this room now."""
    return (user_id, room) in those_inside([(user_id, room)])
