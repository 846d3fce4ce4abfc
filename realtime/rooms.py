"""Rooms: groups of users who receive the same messages. The apps above register the types of rooms.

A room is identified by the field that names it in a client's message (`course_id`) and by an id. Clients never name a
channel-layer group: the server checks whether they may enter, at the subscription and from then on (quality row W02).
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db.models import QuerySet

from accounts.models import User
from core.registry import Registry

Pair = tuple[uuid.UUID, uuid.UUID]  # the ids of a user and of a room


class Room(NamedTuple):
    """One room: the field that names its type in clients' messages, and the id of the object that it belongs to."""

    field: str
    id: uuid.UUID

    def __str__(self) -> str:
        return f"{self.field}:{self.id}"


@dataclass(frozen=True)
class RoomType:
    """A type of room, as the app above defines it.

    `entrants` returns the allowed pairs (user, room) of all combinations of the given users and rooms, with a constant
    number of queries; its third argument is whether all these users are limited (`accounts.privileges`). `describe`
    returns the title and the URLs of a room, `members` the users who can be mentioned in it, and `moderates` whether a
    user is a moderator of it.
    """

    field: str
    entrants: Callable[[Collection[uuid.UUID], Collection[uuid.UUID], bool], set[Pair]]
    describe: Callable[[uuid.UUID], "Description"]
    members: Callable[[uuid.UUID], QuerySet[User]]
    moderates: Callable[[User, uuid.UUID], bool]


@dataclass(frozen=True)
class Description:
    """The title of a room, and the URLs of its conversation and of its announcements."""

    title: str
    url: str
    announcements_url: str


room_types: Registry[RoomType] = Registry("a type of room")  # by field


def parse_room(message: dict[str, Any]) -> Room | None:
    """Return the room that a client's message names, or None if it has no known field with a valid id."""
    for field, _type in room_types.items():
        try:
            return Room(field, uuid.UUID(message[field]))
        except (KeyError, ValueError, TypeError, AttributeError):
            continue
    return None


def has_room_id(message: dict[str, Any]) -> bool:
    """Return whether a client's message has a text in the field of a room, be it a valid id or not."""
    return any(isinstance(message.get(field), str) for field, _type in room_types.items())


def filter_allowed(memberships: Iterable[tuple[uuid.UUID, Room]], *, is_limited: bool) -> set[tuple[uuid.UUID, Room]]:
    """Return the pairs (user id, room) whose user may be in the room. A constant number of queries per type.

    `is_limited` is whether the logins of all these users lack a required second factor.
    """
    by_field: dict[str, set[Pair]] = defaultdict(set)
    for user_id, room in memberships:
        by_field[room.field].add((user_id, room.id))
    allowed = set()
    for field, pairs in by_field.items():
        users, ids = {user_id for user_id, _id in pairs}, {room_id for _user, room_id in pairs}
        entrants = room_types[field].entrants(users, ids, is_limited) & pairs
        allowed |= {(user_id, Room(field, room_id)) for user_id, room_id in entrants}
    return allowed


def can_enter(user_id: uuid.UUID, room: Room, *, is_limited: bool) -> bool:
    """Return whether the user may be in the room now."""
    return (user_id, room) in filter_allowed([(user_id, room)], is_limited=is_limited)
