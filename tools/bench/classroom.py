"""A class that takes one quiz: students start within some seconds and save an answer at regular intervals."""

import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field

import httpx

from quizzes.models import Quiz
from tools.bench.figures import Figure
from tools.bench.quizzes import create_class, create_quiz
from tools.bench.world import World, bearer_headers

TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class ClassSize:
    """The number of students, and the times of their actions in seconds."""

    students: int
    start_within: float
    save_every: float
    duration: float = 60.0

    def __str__(self) -> str:
        return f"{self.students} students start within {self.start_within:g} s and save every {self.save_every:g} s"


THREE_HUNDRED = ClassSize(students=300, start_within=10, save_every=5)


@dataclass
class Waits:
    """Latencies of starts and saves in milliseconds, and statuses of the responses."""

    starts: list[float] = field(default_factory=list)
    saves: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def failures(self) -> int:
        """Number of responses other than 2xx."""
        return sum(count for status, count in self.statuses.items() if status >= 300)


def _p95(waits: list[float]) -> float:
    return sorted(waits)[int(len(waits) * 0.95) - 1]


def measure(site: str, world: World) -> Iterator[Figure]:
    """Yield the p95 of a save and the number of failed requests for a class of three hundred."""
    course, students = create_class(world.teacher, THREE_HUNDRED.students)
    quiz = create_quiz(world.teacher, course)
    headers = [bearer_headers(student) for student in students]
    yield from measure_class("Class", THREE_HUNDRED, site, attempts_path(quiz), headers, most_ms=250)


def attempts_path(quiz: Quiz) -> str:
    """Return the path of the API that starts attempts of a quiz."""
    return f"/api/v1/quizzes/{quiz.pk}/attempts/"


def measure_class(
    row: str, size: ClassSize, site: str, path: str, headers: list[dict[str, str]], *, most_ms: float
) -> Iterator[Figure]:
    """Run a class whose students have these headers and start attempts at `path`; yield the figures of a row."""
    waits = asyncio.run(_take_quiz(size, site, path, headers))
    median = statistics.median(waits.saves)
    notes = f"{len(waits.saves)} saves, median {median:.0f} ms; p95 of a start {_p95(waits.starts):.0f} ms"
    yield Figure(row, f"{size}: p95 of a save", _p95(waits.saves), "ms", most_ms, more_is_better=False, notes=notes)
    yield Figure(row, "failed requests", waits.failures, "requests", 0, more_is_better=False)


async def _take_quiz(size: ClassSize, site: str, path: str, headers: list[dict[str, str]]) -> Waits:
    """Run all students concurrently; return their latencies."""
    waits, rng = Waits(), random.Random(300)  # noqa: S311  # random start times
    until = time.monotonic() + size.duration
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=site, timeout=TIMEOUT_SECONDS, limits=limits) as client:
        students = [_Student(client, path, one, waits) for one in headers]
        delays = [rng.uniform(0, size.start_within) for _one in students]
        pairs = zip(students, delays, strict=True)
        await asyncio.gather(*(student.take_quiz(delay, size.save_every, until) for student, delay in pairs))
    return waits


@dataclass(frozen=True)
class _Student:
    """A student, authenticated by `headers`, who starts an attempt at `path`."""

    client: httpx.AsyncClient
    path: str
    headers: dict[str, str]
    waits: Waits

    async def take_quiz(self, delay: float, interval: float, until: float) -> None:
        """Start after `delay` seconds, then save an answer every `interval` seconds."""
        await asyncio.sleep(delay)
        started = await _measure_latency(
            self.client.post(self.path, headers=self.headers), self.waits, self.waits.starts
        )
        attempt = started.json()
        keys, seq = [question["id"] for question in attempt["questions"]], 0
        while time.monotonic() + interval < until:
            await asyncio.sleep(interval)
            seq += 1
            body = {"answers": {keys[seq % len(keys)]: str(seq % 4)}, "seq": seq}
            address = f"{self.path}{attempt['id']}/answers"
            request = self.client.put(address, json=body, headers=self.headers)
            await _measure_latency(request, self.waits, self.waits.saves)


async def _measure_latency(request: Awaitable[httpx.Response], waits: Waits, into: list[float]) -> httpx.Response:
    started = time.perf_counter()
    answer = await request
    into.append((time.perf_counter() - started) * 1000)
    waits.statuses[answer.status_code] += 1
    return answer
