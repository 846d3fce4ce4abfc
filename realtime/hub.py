"""The sockets of one process: they share one channel-layer subscription and one poll of the database.

A channel-layer subscription for each socket would cost two subscriptions and a decoded copy of every message. Instead
the process subscribes once and distributes the broadcast events. Every few seconds it checks, in a few queries for a
thousand sockets, for notifications and room changes without a broadcast event, for ended logins and for lost access to
rooms. So delivery does not depend on the channel layer, and access ends within five seconds (quality rows W02, W04,
W05).
"""

import asyncio
import logging
import uuid
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from channels.layers import get_channel_layer
from django.db import Error as DatabaseError
from redis.exceptions import RedisError

from realtime import chat, rooms
from realtime.authentication import Caller, filter_authenticated
from realtime.broadcast import GROUP, as_json
from realtime.models import Inbox
from realtime.rooms import Room

log = logging.getLogger(__name__)
POLL_INTERVAL_SECONDS = 3
SOCKETS_PER_CHECK = 1000
MAX_SOCKETS_PER_USER = 10
RECIPIENTS_PER_SLICE = 200
CHANGES_PER_QUERY = 100
UNAUTHENTICATED = 4401


class HubSocket(Protocol):
    """The interface of a socket that the hub needs. No method waits for the client."""

    caller: Caller
    last_sent: int
    rooms: set[Room]

    def queue_notification(self, number: int, text: str) -> None:
        """Send a notification if it is the next one, and catch up from the database otherwise."""

    def queue_text(self, text: str) -> None:
        """Send a message without a number."""

    def catch_up(self) -> None:
        """Send the notifications in the database that were not sent yet."""

    def leave_room(self, room: Room) -> None:
        """Leave a room and notify the client."""

    def close_soon(self, code: int) -> None:
        """Close the socket."""


class Hub:
    """The sockets of one event loop, by user and by room."""

    def __init__(self) -> None:
        self.by_user: dict[str, set[HubSocket]] = defaultdict(set)
        self.by_room: dict[Room, set[HubSocket]] = defaultdict(set)
        self.last_sent_change: dict[Room, int] = {}  # of each room in `by_room`
        self.listening = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def sockets(self) -> list[HubSocket]:
        """Return all sockets."""
        return [socket for of_user in self.by_user.values() for socket in of_user]

    async def add(self, socket: HubSocket) -> bool:
        """Add a socket, which receives broadcast events from now on. Returns False if its user has too many."""
        of_user = self.by_user[str(socket.caller.user_id)]
        if len(of_user) >= MAX_SOCKETS_PER_USER:
            return False
        of_user.add(socket)
        if not self._tasks:
            self._tasks = [asyncio.create_task(_run_forever(task)) for task in (self._listen, self._poll)]
        if not self.listening.is_set():
            await self._wait_until_listening()
        return True

    async def _wait_until_listening(self) -> None:
        """Wait up to a second for the channel layer. Without it, sockets are served from the database."""
        try:
            async with asyncio.timeout(1):
                await self.listening.wait()
        except TimeoutError:
            log.warning("the channel layer does not respond; sockets are served from the database")

    def remove(self, socket: HubSocket) -> None:
        """Remove a socket. Stop listening and polling after the last one."""
        user_id = str(socket.caller.user_id)
        self.by_user[user_id].discard(socket)
        if not self.by_user[user_id]:
            del self.by_user[user_id]
        for room in list(socket.rooms):
            self.leave_room(socket, room)
        if not self.by_user:
            for task in self._tasks:
                task.cancel()
            self._tasks = []
            self.listening.clear()

    def join_room(self, socket: HubSocket, room: Room, last_change: int) -> None:
        """Let a socket receive the changes of a room after `last_change`.

        If other sockets are in the room already, it may also receive some earlier changes.
        """
        socket.rooms.add(room)
        self.by_room[room].add(socket)
        self.last_sent_change.setdefault(room, last_change)

    def leave_room(self, socket: HubSocket, room: Room) -> None:
        """Stop sending a room's changes to a socket."""
        socket.rooms.discard(room)
        self.by_room[room].discard(socket)
        if not self.by_room[room]:
            del self.by_room[room]
            self.last_sent_change.pop(room, None)

    async def _listen(self) -> None:
        """Receive broadcast events as long as there are sockets; subscribe again if the channel layer fails."""
        layer = get_channel_layer()
        while True:
            channel = ""
            try:
                channel = await layer.new_channel()
                await layer.group_add(GROUP, channel)
                self.listening.set()
                while True:
                    await self._handle_event(await layer.receive(channel))
            except (RedisError, OSError) as error:
                log.warning("no channel layer, retrying: %s", error)
                self.listening.clear()
                await asyncio.sleep(1)
            finally:
                if channel:
                    with suppress(RedisError, OSError):
                        await layer.group_discard(GROUP, channel)

    async def _handle_event(self, event: dict[str, Any]) -> None:
        """Distribute a broadcast event to the sockets that it concerns."""
        event_type = event["type"]
        if event_type == "notifications":
            await self._send_notifications(event["numbers"], event["rest"])
        elif event_type == "room":
            await self._handle_room_change(Room(event["field"], uuid.UUID(event["id"])), event["change"], event["text"])
        elif event_type == "logins":
            self._close_logins(set(event["ids"]), set(event["keys"]))
        elif event_type == "rooms":
            await self._check([socket for user in event["users"] for socket in self.by_user.get(user, ())])

    async def _send_notifications(self, numbers: list[tuple[str, int]], rest: str) -> None:
        """Send a notification to the sockets of its recipients, and yield to other coroutines in between."""
        for count, (user_id, number) in enumerate(numbers, start=1):
            for socket in list(self.by_user.get(user_id, ())):
                socket.queue_notification(number, f'{{"id": {number}, {rest}')
            if count % RECIPIENTS_PER_SLICE == 0:
                await asyncio.sleep(0)

    async def _handle_room_change(self, room: Room, change: int, text: str) -> None:
        """Send a room's change if it is the next one.

        After a gap, catch up from the database, which has all earlier changes.
        """
        last_sent = self.last_sent_change.get(room)
        if last_sent is not None and change > last_sent + 1:
            await self._catch_up_rooms([room])
        else:
            self._send_room_change(room, change, text)

    def _send_room_change(self, room: Room, change: int, text: str) -> None:
        if room not in self.by_room or change <= self.last_sent_change[room]:
            return
        self.last_sent_change[room] = change
        for socket in list(self.by_room[room]):
            socket.queue_text(text)

    async def _catch_up_room(self, room: Room, last_change: int) -> None:
        """Send a batch of the room's changes that no broadcast event has delivered.

        `last_change` is known to be in the database. Not every earlier number is found there, because a message only
        has the number of its latest change.
        """
        changes = await _changes_since(room, self.last_sent_change.get(room, last_change))
        for change, text in changes:
            self._send_room_change(room, change, text)
        if len(changes) < CHANGES_PER_QUERY and room in self.by_room:
            self.last_sent_change[room] = max(self.last_sent_change[room], last_change)

    async def _catch_up_rooms(self, wanted: list[Room]) -> None:
        """Send the changes of rooms that no broadcast event has delivered; later if the database is down."""
        try:
            last_changes = await _last_changes(wanted) if wanted else {}
            for room, change in last_changes.items():
                if change > self.last_sent_change.get(room, change):
                    await self._catch_up_room(room, change)
        except DatabaseError as error:
            log.warning("the database does not respond, room changes are delayed: %s", error)

    def _close_logins(self, ids: set[str], keys: set[str]) -> None:
        for socket in self.sockets():
            if str(socket.caller.login_id) in ids or socket.caller.session_key in keys:
                socket.close_soon(UNAUTHENTICATED)

    async def _poll(self) -> None:
        """Check all sockets and rooms against the database every few seconds."""
        while True:
            await asyncio.sleep(POLL_INTERVAL_SECONDS)
            sockets = self.sockets()
            for start in range(0, len(sockets), SOCKETS_PER_CHECK):
                await self._check(sockets[start : start + SOCKETS_PER_CHECK])
            await self._catch_up_rooms(list(self.by_room))

    async def _check(self, sockets: list[HubSocket]) -> None:
        """Close sockets of ended logins, leave rooms after lost access, and catch up on notifications.

        Sockets are left unchanged while the database is down.
        """
        try:
            authenticated, allowed, last_numbers = await _load_state(
                [socket.caller for socket in sockets],
                [(socket.caller, room) for socket in sockets for room in socket.rooms],
            )
        except DatabaseError as error:
            log.warning("the database does not respond, sockets are not checked: %s", error)
            return
        for socket in sockets:
            if socket.caller not in authenticated:
                socket.close_soon(UNAUTHENTICATED)
                continue
            for room in [room for room in socket.rooms if (socket.caller, room) not in allowed]:
                socket.leave_room(room)
            if last_numbers.get(socket.caller.user_id, 0) > socket.last_sent:
                socket.catch_up()


@database_sync_to_async
def _load_state(
    callers: list[Caller], memberships: Collection[tuple[Caller, Room]]
) -> tuple[set[Caller], set[tuple[Caller, Room]], dict[uuid.UUID, int]]:
    """Return the callers with a live login, the allowed memberships, and each user's last notification number."""
    inboxes = Inbox.objects.filter(user__in={caller.user_id for caller in callers})
    return (
        filter_authenticated(callers),
        filter_members(memberships),
        dict(inboxes.values_list("user_id", "last_number")),
    )


def filter_members(memberships: Collection[tuple[Caller, Room]]) -> set[tuple[Caller, Room]]:
    """Return the memberships whose caller may be in the room."""
    allowed: set[tuple[Caller, Room]] = set()
    for is_limited in {caller.is_limited for caller, _room in memberships}:
        group = [(caller, room) for caller, room in memberships if caller.is_limited == is_limited]
        pairs = rooms.filter_allowed(((caller.user_id, room) for caller, room in group), is_limited=is_limited)
        allowed |= {(caller, room) for caller, room in group if (caller.user_id, room) in pairs}
    return allowed


_last_changes = database_sync_to_async(chat.last_changes)


@database_sync_to_async
def _changes_since(room: Room, change: int) -> list[tuple[int, str]]:
    changes = chat.changes_since(room, change, limit=CHANGES_PER_QUERY)
    return [(number, as_json(message)) for number, message in changes]


async def _run_forever(task: Callable[[], Awaitable[None]]) -> None:
    """Run a task and restart it after an error, because the process would stop delivering otherwise."""
    while True:
        try:
            await task()
        except Exception:
            log.exception("a task of the socket hub failed and is restarted")
        await asyncio.sleep(1)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def get_hub() -> Hub:
    """Return the hub of the running event loop. A server has one loop, tests create many."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
