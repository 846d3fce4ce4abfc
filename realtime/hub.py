"""All sockets of one process: where hints arrive, once for all of them, and from where the tables are looked at.

A socket of its own in the channel layer would cost two subscriptions and a decoded copy of every message; so the
process listens once, and hands on. Every few seconds it looks, in a handful of queries for a thousand sockets, who was
told something that no hint brought, what happened in rooms, whose login has ended and who may no longer be where: so
nothing depends on the channel layer, and everything that has to end ends within five seconds (QUALITY W02, W04, W05).
"""

import asyncio
import logging
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import Error as DatabaseError
from redis.exceptions import RedisError

from realtime import chat, rooms
from realtime.doors import Caller, those_who_may_stay
from realtime.hints import EVERY_PROCESS, as_json
from realtime.models import Inbox
from realtime.rooms import Room

log = logging.getLogger(__name__)
LOOK_EVERY_SECONDS = 3
LOOKED_AT_TOGETHER = 1000
SOCKETS_A_USER = 10
HANDED_ON_TOGETHER = 200
CHANGES_TOGETHER = 100
UNAUTHENTICATED = 4401


class Guest(Protocol):
    """A socket, as the hub knows it."""

    caller: Caller
    told_up_to: int
    rooms: set[Room]

    def tell(self, number: int, text: str) -> None:
        """Send a notification, if it is the next one."""

    def say(self, text: str) -> None:
        """Send something that has no number."""

    def look_in_table(self) -> None:
        """Send what stands in the table and was not sent yet."""

    def put_out(self, room: Room) -> None:
        """Make the socket leave a room that its user may no longer be in."""

    def end(self, code: int) -> None:
        """Close the socket."""


class Hub:
    """The sockets of one event loop, by user and by room."""

    def __init__(self) -> None:
        self.of_user: dict[str, set[Guest]] = defaultdict(set)
        self.in_room: dict[Room, set[Guest]] = defaultdict(set)
        self.said_up_to: dict[Room, int] = {}  # of each room with somebody in it, the last change that they heard of
        self.listening = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def guests(self) -> list[Guest]:
        """Return all sockets."""
        return [guest for of_one in self.of_user.values() for guest in of_one]

    async def enter(self, guest: Guest) -> bool:
        """Take a socket in; return whether its user may have one more. What is told from now on reaches it."""
        mine = self.of_user[str(guest.caller.user_id)]
        if len(mine) >= SOCKETS_A_USER:
            return False
        mine.add(guest)
        if not self._tasks:
            self._tasks = [asyncio.create_task(_always(self._listen)), asyncio.create_task(_always(self._watch))]
        if not self.listening.is_set():
            await self._wait_until_listening()
        return True

    async def _wait_until_listening(self) -> None:
        """Wait a moment for the channel layer; without it, the tables do."""
        try:
            async with asyncio.timeout(1):
                await self.listening.wait()
        except TimeoutError:
            log.warning("the channel layer does not answer; sockets are served from the tables")

    def leave(self, guest: Guest) -> None:
        """Forget a socket; with the last one, stop listening."""
        user_id = str(guest.caller.user_id)
        self.of_user[user_id].discard(guest)
        if not self.of_user[user_id]:
            del self.of_user[user_id]
        for room in list(guest.rooms):
            self.leave_room(guest, room)
        if not self.of_user:
            for task in self._tasks:
                task.cancel()
            self._tasks = []
            self.listening.clear()

    def enter_room(self, guest: Guest, room: Room, heard_up_to: int) -> None:
        """Let a socket hear what happens in a room after the change that is given. Where others are in there already,
        that may be some of what it knows."""
        guest.rooms.add(room)
        self.in_room[room].add(guest)
        self.said_up_to.setdefault(room, heard_up_to)

    def leave_room(self, guest: Guest, room: Room) -> None:
        """Let a socket hear a room no longer."""
        guest.rooms.discard(room)
        self.in_room[room].discard(guest)
        if not self.in_room[room]:
            del self.in_room[room]
            self.said_up_to.pop(room, None)

    async def _listen(self) -> None:
        """Hear what other processes tell, as long as there are sockets; begin anew when the layer fails."""
        layer = get_channel_layer()
        while True:
            channel = ""
            try:
                channel = await layer.new_channel()
                await layer.group_add(EVERY_PROCESS, channel)
                self.listening.set()
                while True:
                    await self._hear(await layer.receive(channel))
            except (RedisError, OSError) as error:
                log.warning("no channel layer, trying again: %s", error)
                self.listening.clear()
                await asyncio.sleep(1)
            finally:
                if channel:
                    with suppress(RedisError, OSError):
                        await layer.group_discard(EVERY_PROCESS, channel)

    async def _hear(self, message: dict[str, Any]) -> None:
        """Hand a hint on to the sockets that it is for."""
        kind = message["type"]
        if kind == "news":
            await self._hand_on(message["numbers"], message["rest"])
        elif kind == "room":
            await self._hear_in(Room(message["field"], uuid.UUID(message["id"])), message["change"], message["text"])
        elif kind == "logins":
            self._end_logins(set(message["ids"]), set(message["keys"]))
        elif kind == "rooms":
            await self._look_at([guest for user in message["users"] for guest in self.of_user.get(user, ())])

    async def _hand_on(self, numbers: list[tuple[str, int]], rest: str) -> None:
        """Tell each recipient who has a socket here; let others have their turn in between."""
        for place, (user_id, number) in enumerate(numbers, start=1):
            for guest in list(self.of_user.get(user_id, ())):
                guest.tell(number, f'{{"id": {number}, {rest}')
            if place % HANDED_ON_TOGETHER == 0:
                await asyncio.sleep(0)

    async def _hear_in(self, room: Room, change: int, text: str) -> None:
        """Say what happened in a room, if it is the next thing; a gap is filled from the table, where all that comes
        before stands already."""
        known = self.said_up_to.get(room)
        if known is not None and change > known + 1:
            await self._look_into([room])
        else:
            self._say_in(room, change, text)

    def _say_in(self, room: Room, change: int, text: str) -> None:
        if room not in self.in_room or change <= self.said_up_to[room]:
            return
        self.said_up_to[room] = change
        for guest in list(self.in_room[room]):
            guest.say(text)

    async def _catch_up(self, room: Room, newest: int) -> None:
        """Say what happened in a room and no hint brought, so much at a time; `newest` is a change that is in the table
        already. Not every change is found there: a message has the number of its last one."""
        found = await _changed_in(room, self.said_up_to.get(room, newest))
        for change, text in found:
            self._say_in(room, change, text)
        if len(found) < CHANGES_TOGETHER and room in self.in_room:
            self.said_up_to[room] = max(self.said_up_to[room], newest)

    async def _look_into(self, where: list[Room]) -> None:
        """Say what happened in some rooms and no hint brought; later, while the database is away."""
        try:
            newest = await _last_changes_in(where) if where else {}
            for room, change in newest.items():
                if change > self.said_up_to.get(room, change):
                    await self._catch_up(room, change)
        except DatabaseError as error:
            log.warning("the database does not answer, rooms wait: %s", error)

    def _end_logins(self, ids: set[str], keys: set[str]) -> None:
        for guest in self.guests():
            if str(guest.caller.login_id) in ids or guest.caller.session_key in keys:
                guest.end(UNAUTHENTICATED)

    async def _watch(self) -> None:
        """Look at the tables every few seconds, whatever the channel layer says."""
        while True:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            everybody = self.guests()
            for start in range(0, len(everybody), LOOKED_AT_TOGETHER):
                await self._look_at(everybody[start : start + LOOKED_AT_TOGETHER])
            await self._look_into(list(self.in_room))

    async def _look_at(self, guests: list[Guest]) -> None:
        """End, put out and catch up whom the tables say; leave everybody as they are while the database is away."""
        try:
            may_stay, inside, numbers = await _state_of(
                [guest.caller for guest in guests],
                [(guest.caller.user_id, room) for guest in guests for room in guest.rooms],
            )
        except DatabaseError as error:
            log.warning("the database does not answer, sockets stay as they are: %s", error)
            return
        for guest in guests:
            if guest.caller not in may_stay:
                guest.end(UNAUTHENTICATED)
                continue
            for room in [room for room in guest.rooms if (guest.caller.user_id, room) not in inside]:
                guest.put_out(room)
            if numbers.get(guest.caller.user_id, 0) > guest.told_up_to:
                guest.look_in_table()


@database_sync_to_async
def _state_of(
    callers: list[Caller], in_rooms: Iterable[tuple[uuid.UUID, Room]]
) -> tuple[set[Caller], set[tuple[uuid.UUID, Room]], dict[uuid.UUID, int]]:
    """Return who may stay, who may be where, and the number of everybody's newest notification."""
    newest = Inbox.objects.filter(user__in={caller.user_id for caller in callers})
    return (
        those_who_may_stay(callers),
        rooms.those_inside(in_rooms),
        dict(newest.values_list("user_id", "last_number")),
    )


_last_changes_in = database_sync_to_async(chat.last_changes_in)


@database_sync_to_async
def _changed_in(room: Room, change: int) -> list[tuple[int, str]]:
    return [(number, as_json(said)) for number, said in chat.changed_in(room, change, most=CHANGES_TOGETHER)]


async def _always(task: Callable[[], Awaitable[None]]) -> None:
    """Keep a task going: a hub that has gone deaf would stay so for as long as its process lives."""
    while True:
        try:
            await task()
        except Exception:
            log.exception("the sockets' hub has a fault, and begins anew")
        await asyncio.sleep(1)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def here() -> Hub:
    """Return the hub of the running event loop: a server has one, tests begin many."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
