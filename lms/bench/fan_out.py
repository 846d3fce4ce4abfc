"""G10: how long until everybody in a course has heard, next to a bare group of channels-redis with the same sockets.

Both are served by one uvicorn with the options of production, through the same Redis; the same client holds the sockets
and the same process tells. The clock begins when the message leaves for Redis: ours has been written to the database by
then, one row for each recipient, which the notes give.
"""

import asyncio
import os
import resource
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import websockets
from asgiref.sync import async_to_sync
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.conf import settings
from django.db import transaction
from rest_framework_simplejwt.tokens import AccessToken

from accounts.models import LoginSession, User
from accounts.tokens import SESSION_CLAIM
from lms.bench.figures import Figure
from lms.bench.yard import sockets as yardstick
from lms.lib.ports import free_port
from lms.testing import servers
from realtime.models import Event
from realtime.services import push

SIZES = (1_000, 5_000)
ROUNDS = 5
AT_ONCE = 500
IDLE_SECONDS = 60
PATIENCE = 60
FLOOR, GOAL = 1.3, 1.1
TEXT = "x" * 200


@dataclass
class Crowd:
    """Many open sockets, and when the last of them heard."""

    wanted: int
    heard: int = 0
    last: float = 0.0
    complete: asyncio.Event = field(default_factory=asyncio.Event)
    sockets: list[Any] = field(default_factory=list)
    readers: list[asyncio.Task[None]] = field(default_factory=list)

    async def come(self, addresses: list[str], at_once: int) -> None:
        """Open a socket to each address, so many at the same moment; raises when one is refused."""
        for start in range(0, len(addresses), at_once):
            part = addresses[start : start + at_once]
            opening = [
                websockets.connect(one, open_timeout=PATIENCE, ping_interval=None, compression=None) for one in part
            ]
            self.sockets += await asyncio.gather(*opening)
        self.readers = [asyncio.create_task(self._read(socket)) for socket in self.sockets]

    async def _read(self, socket: Any) -> None:
        async for _message in socket:
            self.last = time.time()
            self.heard += 1
            if self.heard == self.wanted:
                self.complete.set()

    async def hear(self, tell: Callable[[], float]) -> tuple[float, int]:
        """Have something told; return after how many seconds the last socket had it, and how many did."""
        self.heard = 0
        self.complete.clear()
        left_at = await asyncio.to_thread(tell)
        try:
            async with asyncio.timeout(PATIENCE):
                await self.complete.wait()
        except TimeoutError:
            pass
        return self.last - left_at, self.heard

    async def go(self) -> None:
        """Close all sockets."""
        for reader in self.readers:
            reader.cancel()
        await asyncio.gather(*(socket.close() for socket in self.sockets), return_exceptions=True)


@dataclass
class Found:
    """What one server did with one crowd."""

    seconds: list[float]
    lost: int
    connected_in: float
    bytes_a_socket: float


def figures(*, quick: bool = False) -> Iterator[Figure]:
    """Yield fan-out to each size of crowd as a ratio to the yardstick's, what was lost, and an idle socket's memory."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for size in SIZES:
        size = size // 10 if quick else size
        with _server("lms.bench.yard.sockets:application") as yard:
            theirs = asyncio.run(_measured(yard, [f"{yard.address}/ws/"] * size, _tell_group))
        people = _people(size)
        with _server("lms.asgi:application") as site:
            path = f"{site.address}/ws/notifications?token="
            ours = asyncio.run(_measured(site, [path + token for token in people.values()], partial(_push, people)))
        yield from _compared(size, ours, theirs)


def _compared(size: int, ours: Found, theirs: Found) -> Iterator[Figure]:
    last, bar = statistics.median(ours.seconds), statistics.median(theirs.seconds)
    notes = f"last of {size} after {last * 1000:.0f} ms, the bare group {bar * 1000:.0f} ms; {len(ours.seconds)} rounds"
    yield Figure("G10", f"fan-out to {size:,}", last / bar, "times Y4", FLOOR, GOAL, more_is_better=False, notes=notes)
    notes = f"after {IDLE_SECONDS} s of silence, too; {AT_ONCE} connecting at once, all in {ours.connected_in:.1f} s"
    yield Figure("G10", f"messages lost, {size:,} sockets", ours.lost, "", 0, 0, more_is_better=False, notes=notes)
    notes = f"the bare group {theirs.bytes_a_socket / 1024:.0f} kB"
    yield Figure("G10", f"memory of an idle socket, {size:,}", ours.bytes_a_socket / 1024, "kB", notes=notes)


async def _measured(server: "Server", addresses: list[str], tell: Callable[[], float]) -> Found:
    """Fill a server with sockets and tell them something, several times, and once more after a silence."""
    crowd = Crowd(len(addresses))
    before, began = server.memory(), time.monotonic()
    await crowd.come(addresses, AT_ONCE)
    connected_in = time.monotonic() - began
    await asyncio.sleep(2)
    grown = server.memory() - before
    rounds = [await crowd.hear(tell) for _ in range(ROUNDS)]
    await asyncio.sleep(IDLE_SECONDS)
    after_silence = await crowd.hear(tell)
    await crowd.go()
    lost = sum(len(addresses) - heard for _seconds, heard in [*rounds, after_silence])
    return Found([seconds for seconds, _heard in rounds], lost, connected_in, grown / len(addresses))


def _tell_group() -> float:
    """Tell the bare group; return when that left."""
    layer = RedisPubSubChannelLayer(**yardstick.layer(settings.REDIS_URL)["CONFIG"])
    left_at = time.time()
    async_to_sync(layer.group_send)(yardstick.GROUP, {"type": "told", "text": TEXT})
    return left_at


def _push(people: dict[uuid.UUID, str]) -> float:
    """Push to everybody; return when the rows were committed and the hint left."""
    left: list[float] = []
    with transaction.atomic():
        transaction.on_commit(lambda: left.append(time.time()))
        push(people, Event.COURSE_UPDATED, {"course_id": str(uuid.uuid4()), "title": TEXT, "changes": ["title"]})
    return left[0]


def _people(size: int) -> dict[uuid.UUID, str]:
    """Return so many new users, each with an access token of a login of theirs."""
    users = User.objects.bulk_create(
        User(email=f"{uuid.uuid4()}@example.com", full_name="Somebody", password="!")  # noqa: S106  # none
        for _ in range(size)
    )
    logins = LoginSession.objects.bulk_create(LoginSession(user=user) for user in users)
    return {login.user_id: _token(login) for login in logins}


def _token(login: LoginSession) -> str:
    token = AccessToken()
    token["user_id"], token[SESSION_CLAIM] = str(login.user_id), str(login.pk)
    return str(token)


@dataclass(frozen=True)
class Server:
    """A server of sockets, by its address and process."""

    address: str
    pid: int

    def memory(self) -> int:
        """Return the process's resident memory in bytes."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def _server(application: str) -> Iterator[Server]:
    """Serve an application's sockets on a free port."""
    port = free_port()
    environment = {**os.environ, "YARD_REDIS_URL": settings.REDIS_URL}
    with servers.running(servers.sockets(port, application), environment) as process:
        asyncio.run(_until_up(port))
        yield Server(f"ws://127.0.0.1:{port}", process.pid)


async def _until_up(port: int) -> None:
    """Wait until something takes connections; raise OSError when nothing does."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            _reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.2)
        else:
            writer.close()
            return
