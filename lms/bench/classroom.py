"""A class of three hundred at one quiz: they start within ten seconds, and each saves an answer every five."""

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

STUDENTS = 300
START_WITHIN = 10.0
SAVE_EVERY = 5.0
SECONDS = 60.0
TIMEOUT_SECONDS = 30


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
    course, students = a_class(world.teacher, STUDENTS)
    quiz = a_quiz(world.teacher, course)
    waits = asyncio.run(_lesson(site, quiz, [bearer_headers(student) for student in students]))
    what = f"{STUDENTS} students start within {START_WITHIN:.0f} s and save every {SAVE_EVERY:.0f} s"
    median = statistics.median(waits.saves)
    notes = f"{len(waits.saves)} saves, median {median:.0f} ms; p95 of a start {_p95(waits.starts):.0f} ms"
    yield Figure("Class", f"{what}: p95 of a save", _p95(waits.saves), "ms", 250, more_is_better=False, notes=notes)
    yield Figure("Class", "answers that were no success", waits.failures, "answers", 0, more_is_better=False)


async def _lesson(site: str, quiz: Quiz, headers: list[dict[str, str]]) -> Waits:
    """Let everybody take the quiz for a minute."""
    waits, rng = Waits(), random.Random(300)  # noqa: S311  # it scatters starts, it protects nothing
    until = time.monotonic() + SECONDS
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=site, timeout=TIMEOUT_SECONDS, limits=limits) as client:
        path = f"/api/v1/quizzes/{quiz.pk}/attempts/"
        moments = [rng.uniform(0, START_WITHIN) for _one in headers]
        everybody = zip(headers, moments, strict=True)
        await asyncio.gather(*(_student(client, path, one, moment, until, waits) for one, moment in everybody))
    return waits


async def _student(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], moment: float, until: float, waits: Waits
) -> None:
    """Start at a moment; then save an answer every five seconds."""
    await asyncio.sleep(moment)
    begun = await _timed(client.post(path, headers=headers), waits, waits.starts)
    attempt = begun.json()
    keys, seq = [question["id"] for question in attempt["questions"]], 0
    while time.monotonic() + SAVE_EVERY < until:
        await asyncio.sleep(SAVE_EVERY)
        seq += 1
        body = {"answers": {keys[seq % len(keys)]: str(seq % 4)}, "seq": seq}
        await _timed(client.put(f"{path}{attempt['id']}/answers", json=body, headers=headers), waits, waits.saves)


async def _timed(asking: Awaitable[httpx.Response], waits: Waits, into: list[float]) -> httpx.Response:
    started = time.perf_counter()
    answer = await asking
    into.append((time.perf_counter() - started) * 1000)
    waits.statuses[answer.status_code] += 1
    return answer
