"""G10: time until all sockets of a course have received a message, compared with a plain group of channels-redis.

Both are served by one uvicorn with the options of production and through the same Redis; the same client holds the
sockets and the same process sends. The clock starts when the message is sent to Redis; by then the site has written one
row for each recipient to the database.
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
from realtime.models import Event
from realtime.services import push
from tools.bench.figures import Figure
from tools.bench.yard import sockets as yardstick
from tools.ports import free_port
from tools.testing import servers

SIZES = (1_000, 5_000)
ROUNDS = 5
AT_ONCE = 500
IDLE_SECONDS = 60
TIMEOUT_SECONDS = 60
FLOOR, GOAL = 1.3, 1.1
TEXT = "x" * 200


@dataclass
class Crowd:
    """Many open sockets, and the time when the last of them received a message."""

    size: int
    received: int = 0
    last: float = 0.0
    complete: asyncio.Event = field(default_factory=asyncio.Event)
    sockets: list[Any] = field(default_factory=list)
    readers: list[asyncio.Task[None]] = field(default_factory=list)

    async def connect(self, addresses: list[str], concurrency: int) -> None:
        """Open a socket to each address, `concurrency` at a time; raise an exception if one is refused."""
        for start in range(0, len(addresses), concurrency):
            part = addresses[start : start + concurrency]
            opening = [
                websockets.connect(one, open_timeout=TIMEOUT_SECONDS, ping_interval=None, compression=None)
                for one in part
            ]
            self.sockets += await asyncio.gather(*opening)
        self.readers = [asyncio.create_task(self._read(socket)) for socket in self.sockets]

    async def _read(self, socket: Any) -> None:
        async for _message in socket:
            self.last = time.time()
            self.received += 1
            if self.received == self.size:
                self.complete.set()

    async def receive(self, send: Callable[[], float]) -> tuple[float, int]:
        """Send a message; return the seconds until the last socket received it, and how many did."""
        self.received = 0
        self.complete.clear()
        sent_at = await asyncio.to_thread(send)
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await self.complete.wait()
        except TimeoutError:
            pass
        return self.last - sent_at, self.received

    async def close(self) -> None:
        """Close all sockets."""
        for reader in self.readers:
            reader.cancel()
        await asyncio.gather(*(socket.close() for socket in self.sockets), return_exceptions=True)


@dataclass
class Measurement:
    """The results of one server with one crowd."""

    seconds: list[float]
    lost: int
    connected_in: float
    bytes_a_socket: float


def measure(*, quick: bool = False) -> Iterator[Figure]:
    """Yield for each crowd size: the fan-out time over the yardstick's, lost messages, and memory of an idle socket."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    for size in SIZES:
        size = size // 10 if quick else size
        with _serve("tools.bench.yard.sockets:application") as yard:
            theirs = asyncio.run(_measure_server(yard, [f"{yard.address}/ws/"] * size, _send_to_group))
        tokens = _create_users(size)
        with _serve("lms.asgi:application") as site:
            path = f"{site.address}/ws/notifications?token="
            ours = asyncio.run(
                _measure_server(site, [path + token for token in tokens.values()], partial(_push, tokens))
            )
        yield from _compare(size, ours, theirs)


def _compare(size: int, ours: Measurement, theirs: Measurement) -> Iterator[Figure]:
    last, bar = statistics.median(ours.seconds), statistics.median(theirs.seconds)
    notes = (
        f"last of {size} after {last * 1000:.0f} ms, the plain group {bar * 1000:.0f} ms; {len(ours.seconds)} rounds"
    )
    yield Figure("G10", f"fan-out to {size:,}", last / bar, "times Y4", FLOOR, GOAL, more_is_better=False, notes=notes)
    notes = f"also after {IDLE_SECONDS} s of silence; {AT_ONCE} connecting at once, all in {ours.connected_in:.1f} s"
    yield Figure("G10", f"messages lost, {size:,} sockets", ours.lost, "", 0, 0, more_is_better=False, notes=notes)
    notes = f"the plain group {theirs.bytes_a_socket / 1024:.0f} kB"
    yield Figure("G10", f"memory of an idle socket, {size:,}", ours.bytes_a_socket / 1024, "kB", notes=notes)


async def _measure_server(server: "Server", addresses: list[str], send: Callable[[], float]) -> Measurement:
    """Open the sockets, send several messages, and send one more after a silence."""
    crowd = Crowd(len(addresses))
    before, began = server.memory(), time.monotonic()
    await crowd.connect(addresses, AT_ONCE)
    connected_in = time.monotonic() - began
    await asyncio.sleep(2)
    grown = server.memory() - before
    rounds = [await crowd.receive(send) for _ in range(ROUNDS)]
    await asyncio.sleep(IDLE_SECONDS)
    after_silence = await crowd.receive(send)
    await crowd.close()
    lost = sum(len(addresses) - received for _seconds, received in [*rounds, after_silence])
    return Measurement([seconds for seconds, _received in rounds], lost, connected_in, grown / len(addresses))


def _send_to_group() -> float:
    """Send a message to the plain group; return the time of sending."""
    layer = RedisPubSubChannelLayer(**yardstick.layer(settings.REDIS_URL)["CONFIG"])
    sent_at = time.time()
    async_to_sync(layer.group_send)(yardstick.GROUP, {"type": "forward", "text": TEXT})
    return sent_at


def _push(tokens: dict[uuid.UUID, str]) -> float:
    """Push a notification to all users; return the time when the rows were committed and the message was sent."""
    sent: list[float] = []
    with transaction.atomic():
        transaction.on_commit(lambda: sent.append(time.time()))
        push(tokens, Event.COURSE_UPDATED, {"course_id": str(uuid.uuid4()), "title": TEXT, "changes": ["title"]})
    return sent[0]


def _create_users(size: int) -> dict[uuid.UUID, str]:
    """Create users with a session each; return an access token for each user id."""
    users = User.objects.bulk_create(
        User(email=f"{uuid.uuid4()}@example.com", full_name="Student", password="!")  # noqa: S106  # unusable
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
    """The address and the process id of a WebSocket server."""

    address: str
    pid: int

    def memory(self) -> int:
        """Return the process's resident memory in bytes."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def _serve(application: str) -> Iterator[Server]:
    """Serve the sockets of an application on a free port; yield the server."""
    port = free_port()
    environment = {**os.environ, "YARD_REDIS_URL": settings.REDIS_URL}
    with servers.run_module(servers.sockets_command(port, application), environment) as process:
        asyncio.run(_wait_for_port(port))
        yield Server(f"ws://127.0.0.1:{port}", process.pid)


async def _wait_for_port(port: int) -> None:
    """Wait until the port accepts connections; raise OSError after TIMEOUT_SECONDS."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
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
