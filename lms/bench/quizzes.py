"""G4, G5 and G6: the page of a running attempt, two hundred submissions at once, and saving one answer."""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from courses import services as courses
from courses.models import Course
from enrollments.models import Enrollment
from lms.bench.figures import Figure
from lms.bench.load import MOST_DRIFT, TRIES, LoadError, Target
from lms.bench.pages import compared, cost_of
from lms.bench.world import World, bearer_headers, browser_headers
from lms.demo.sized import insert
from lms.experiments.crowd import Answers, all_at_once
from quizzes import attempts, authoring
from quizzes.models import Attempt, Quiz

QUESTIONS = 10
BURST = 200
SAVERS = 64
CHOICES = ("Nobody knows", "The first", "The second", "All of them")


@dataclass(frozen=True)
class Taker:
    """A student at a running attempt, logged in."""

    attempt: Attempt
    headers: dict[str, str]

    @property
    def path(self) -> str:
        """The attempt's address of the API."""
        return f"/api/v1/quizzes/{self.attempt.quiz_id}/attempts/{self.attempt.pk}"

    @property
    def answers(self) -> dict[str, str]:
        """An answer to each question."""
        return dict.fromkeys(self.attempt.version_ids, "1")


def a_quiz(teacher: User, course: Course) -> Quiz:
    """Make a published quiz of ten questions with four options each, an hour long."""
    quiz = authoring.create_quiz(actor=teacher, course=course, title="What was it about?", time_limit_minutes=60)
    for number in range(QUESTIONS):
        authoring.add_question(
            actor=teacher,
            quiz=quiz,
            question_type="multiple_choice",
            question_text=f"Which of these follows from the lesson, in **case {number}**?",
            options=[{"id": str(place), "text": text} for place, text in enumerate(CHOICES)],
            correct_answer="1",
        )
    return authoring.set_published(actor=teacher, quiz=quiz, published=True)


def a_class(teacher: User, size: int) -> tuple[Course, list[User]]:
    """Make a course of its own with so many students."""
    course = courses.create_course(actor=teacher, title=f"A class of {size}")
    courses.add_lesson(actor=teacher, course=course, title="All of it")
    courses.publish_course(actor=teacher, course=course)
    students = [
        User(email=f"class-{size}-{number}@example.com", full_name=f"Student {number}", password="!")  # noqa: S106  # none
        for number in range(size)
    ]
    insert(students)
    insert(Enrollment(user=student, course=course) for student in students)
    return course, students


def begin(users: list[User], quiz: Quiz) -> list[Taker]:
    """Begin an attempt of each user."""
    return [Taker(attempts.start(actor=user, quiz=quiz)[0], bearer_headers(user)) for user in users]


def figures(site: str, yard: str, yard_session: str, world: World) -> Iterator[Figure]:
    """Yield the figures of taking a quiz."""
    course, students = a_class(world.teacher, BURST)
    quiz = a_quiz(world.teacher, course)
    takers = begin(students[:SAVERS], quiz)
    session = {"Cookie": f"sessionid={yard_session}"}
    yield from _page(site, Target(f"{yard}/cards/", session), students[0], takers[0])
    with tempfile.TemporaryDirectory() as folder:
        yield from _saving(site, yard, session, takers, Path(folder))
    yield from _burst(site, f"{yard}/submit/", session, students, quiz)


def _page(site: str, yardstick: Target, student: User, taker: Taker) -> Iterator[Figure]:
    """Yield G4."""
    path = f"/quizzes/attempts/{taker.attempt.pk}/"
    what = f"quiz page, {QUESTIONS} questions"
    yield from compared("G4", what, Target(site + path, browser_headers(student)), yardstick, "Y2a", (0.3, 0.5))
    statements, size = cost_of(path, student)
    yield Figure("G4", f"{what}: statements", statements, "SQL", 12, more_is_better=False)
    yield Figure("G4", f"{what}: weight", size / 1000, "kB", notes="before compression")


def _saving(site: str, yard: str, session: dict[str, str], takers: list[Taker], folder: Path) -> Iterator[Figure]:
    """Yield G6: one answer each, the attempts taking turns."""
    ours, yardstick = folder / "saves", folder / "submissions"
    saves = [
        (f"{taker.path}/answers", taker.headers["Authorization"], json.dumps({"answers": {key: "2"}}))
        for place in range(QUESTIONS)
        for taker in takers
        for key in list(taker.answers)[place : place + 1]
    ]
    ours.write_text("".join("\t".join(["PUT", *save]) + "\n" for save in saves))
    yardstick.write_text("POST\t/submit/\t\t{}\n")
    proxied = {"X-Forwarded-Proto": "https"}
    saving = Target(site, proxied, ours)
    yield from compared("G6", "saving one answer", saving, Target(yard, session, yardstick), "Y7a", (0.6, 0.9))
    address, _authorization, body = saves[0]
    statements = _counted(lambda client: client.put(address, body, "application/json"), takers[0])
    yield Figure("G6", "saving one answer: statements", statements, "SQL", 8, more_is_better=False)


def _counted(ask: Callable[[Client], object], taker: Taker) -> int:
    """Return the statements of a request."""
    client = Client(headers=taker.headers)
    with CaptureQueriesContext(connection) as captured:
        ask(client)
    return len(captured)


def _burst(site: str, yardstick: str, session: dict[str, str], students: list[User], quiz: Quiz) -> Iterator[Figure]:
    """Yield G5: everybody submits ten answers at the same moment, between two bursts of the yardstick."""
    what = f"quiz submit, {BURST} at once"
    for _try in range(TRIES):
        takers = begin(students, quiz)
        before = _submit_to_yard(yardstick, session)
        ours = _submit_all(site, takers)
        after = _submit_to_yard(yardstick, session)
        yield Figure("G5", f"{what}: lost", _lost(takers), "attempts", 0, more_is_better=False)
        if abs(before.p95_ms - after.p95_ms) <= MOST_DRIFT * max(before.p95_ms, after.p95_ms):
            mean = (before.p95_ms + after.p95_ms) / 2
            notes = f"p95 {ours.p95_ms} ms, the yardstick's {mean:.0f} ms"
            yield Figure("G5", f"{what}: p95", ours.p95_ms / mean, "Y7a", 3, 2, more_is_better=False, notes=notes)
            break
    else:
        sys.stderr.write(f"G5 {what}: the yardstick moved by more than {MOST_DRIFT:.0%}, {TRIES} times\n")
    taker = begin(students[:1], quiz)[0]
    body = {"answers": taker.answers}
    statements = _counted(lambda client: client.post(f"{taker.path}/submit", body, "application/json"), taker)
    yield Figure("G5", "quiz submit: statements", statements, "SQL", 20, more_is_better=False)


def _submit_to_yard(address: str, session: dict[str, str]) -> Answers:
    return _checked(all_at_once(BURST, lambda client, _number: client.post(address, headers=session)))


def _submit_all(site: str, takers: list[Taker]) -> Answers:
    def act(client: httpx.Client, number: int) -> httpx.Response:
        taker = takers[number]
        return client.post(f"{site}{taker.path}/submit", json={"answers": taker.answers}, headers=taker.headers)

    return _checked(all_at_once(len(takers), act))


def _checked(answers: Answers) -> Answers:
    if set(answers.statuses) != {200}:
        raise LoadError(f"a burst was answered {dict(answers.statuses)}")
    return answers


def _lost(takers: list[Taker]) -> int:
    """Return how many attempts were not graded whole, with the answers that were sent."""
    rows = Attempt.objects.in_bulk([taker.attempt.pk for taker in takers])
    return sum(
        (rows[taker.attempt.pk].answers, rows[taker.attempt.pk].score) != (taker.answers, 100) for taker in takers
    )
