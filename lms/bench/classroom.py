"""A class at one quiz: they start within some seconds, and each saves an answer every so often."""

import asyncio
import random
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Iterator
from dataclasses import dataclass, field

import httpx

from lms.bench.figures import Figure
from lms.bench.quizzes import a_class, a_quiz
from lms.bench.world import World, bearer_headers
from quizzes.models import Quiz

TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class Lesson:
    """How many take the quiz, and what each does for how long; the times are in seconds."""

    students: int
    start_within: float
    save_every: float
    lasts: float = 60.0

    def __str__(self) -> str:
        """Say what happens."""
        return f"{self.students} students start within {self.start_within:g} s and save every {self.save_every:g} s"


THREE_HUNDRED = Lesson(students=300, start_within=10, save_every=5)


@dataclass
class Waits:
    """How long the class waited, in milliseconds, and how it was answered."""

    starts: list[float] = field(default_factory=list)
    saves: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def failures(self) -> int:
        """How many answers were no success."""
        return sum(count for status, count in self.statuses.items() if status >= 300)


def _p95(waits: list[float]) -> float:
    return sorted(waits)[int(len(waits) * 0.95) - 1]


def figures(site: str, world: World) -> Iterator[Figure]:
    """Yield what a save takes at most for all but the slowest twentieth, and how many answers were errors."""
    course, students = a_class(world.teacher, THREE_HUNDRED.students)
    quiz = a_quiz(world.teacher, course)
    headers = [bearer_headers(student) for student in students]
    yield from measured("Class", THREE_HUNDRED, site, attempts_path(quiz), headers, most_ms=250)


def attempts_path(quiz: Quiz) -> str:
    """Return where an attempt of a quiz begins."""
    return f"/api/v1/quizzes/{quiz.pk}/attempts/"


def measured(
    row: str, lesson: Lesson, site: str, path: str, headers: list[dict[str, str]], *, most_ms: float
) -> Iterator[Figure]:
    """Let those with these headers take the quiz whose attempts begin at `path`; yield the figures of a row."""
    waits = asyncio.run(_take(lesson, site, path, headers))
    median = statistics.median(waits.saves)
    notes = f"{len(waits.saves)} saves, median {median:.0f} ms; p95 of a start {_p95(waits.starts):.0f} ms"
    yield Figure(row, f"{lesson}: p95 of a save", _p95(waits.saves), "ms", most_ms, more_is_better=False, notes=notes)
    yield Figure(row, "answers that were no success", waits.failures, "answers", 0, more_is_better=False)


async def _take(lesson: Lesson, site: str, path: str, headers: list[dict[str, str]]) -> Waits:
    """Let everybody take the quiz."""
    waits, rng = Waits(), random.Random(300)  # noqa: S311  # it scatters starts, it protects nothing
    until = time.monotonic() + lesson.lasts
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=site, timeout=TIMEOUT_SECONDS, limits=limits) as client:
        students = [_Student(client, path, one, waits) for one in headers]
        moments = [rng.uniform(0, lesson.start_within) for _one in students]
        pairs = zip(students, moments, strict=True)
        await asyncio.gather(*(one.work(moment, lesson.save_every, until) for one, moment in pairs))
    return waits


@dataclass(frozen=True)
class _Student:
    """Somebody at the quiz whose attempts begin at `path`, logged in by `headers`."""

    client: httpx.AsyncClient
    path: str
    headers: dict[str, str]
    waits: Waits

    async def work(self, moment: float, every: float, until: float) -> None:
        """Start at a moment; then save an answer again and again."""
        await asyncio.sleep(moment)
        begun = await _timed(self.client.post(self.path, headers=self.headers), self.waits, self.waits.starts)
        attempt = begun.json()
        keys, seq = [question["id"] for question in attempt["questions"]], 0
        while time.monotonic() + every < until:
            await asyncio.sleep(every)
            seq += 1
            body = {"answers": {keys[seq % len(keys)]: str(seq % 4)}, "seq": seq}
            address = f"{self.path}{attempt['id']}/answers"
            saving = self.client.put(address, json=body, headers=self.headers)
            await _timed(saving, self.waits, self.waits.saves)


async def _timed(asking: Awaitable[httpx.Response], waits: Waits, into: list[float]) -> httpx.Response:
    started = time.perf_counter()
    answer = await asking
    into.append((time.perf_counter() - started) * 1000)
    waits.statuses[answer.status_code] += 1
    return answer
