"""G4, G5 and G6: the page of a running attempt, two hundred concurrent submissions, and saving one answer."""

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
from quizzes import attempts, editor
from quizzes.models import Attempt, Quiz
from tools.bench.figures import Figure
from tools.bench.load import MAX_DRIFT, TRIES, LoadError, Target
from tools.bench.pages import compare_rates, count_statements_and_bytes
from tools.bench.world import World, bearer_headers, browser_headers
from tools.demo.sized import insert
from tools.experiments.crowd import Answers, send_concurrently

QUESTIONS = 10
BURST = 200
SAVERS = 64
CHOICES = ("None of them", "The first", "The second", "All of them")


@dataclass(frozen=True)
class Taker:
    """A running attempt and the headers of its student."""

    attempt: Attempt
    headers: dict[str, str]

    @property
    def path(self) -> str:
        """Path of the attempt in the API."""
        return f"/api/v1/quizzes/{self.attempt.quiz_id}/attempts/{self.attempt.pk}"

    @property
    def answers(self) -> dict[str, str]:
        """One answer for each question."""
        return dict.fromkeys(self.attempt.version_ids, "1")


def create_quiz(teacher: User, course: Course) -> Quiz:
    """Create a published quiz of one hour with ten questions of four options each."""
    quiz = editor.create_quiz(actor=teacher, course=course, title="What was it about?", time_limit_minutes=60)
    for number in range(QUESTIONS):
        editor.add_question(
            actor=teacher,
            quiz=quiz,
            question_type="multiple_choice",
            question_text=f"Which of these follows from the lesson, in **case {number}**?",
            options=[{"id": str(place), "text": text} for place, text in enumerate(CHOICES)],
            correct_answer="1",
        )
    return editor.set_published(actor=teacher, quiz=quiz, published=True)


def create_class(teacher: User, size: int) -> tuple[Course, list[User]]:
    """Create a course with this number of students; return both."""
    course = courses.create_course(actor=teacher, title=f"A class of {size}")
    courses.add_lesson(actor=teacher, course=course, title="All of it")
    courses.publish_course(actor=teacher, course=course)
    students = [
        User(email=f"class-{size}-{number}@example.com", full_name=f"Student {number}", password="!")  # noqa: S106  # unusable
        for number in range(size)
    ]
    insert(students)
    insert(Enrollment(user=student, course=course) for student in students)
    return course, students


def start_attempts(users: list[User], quiz: Quiz) -> list[Taker]:
    """Start an attempt of each user."""
    return [Taker(attempts.start_attempt(actor=user, quiz=quiz)[0], bearer_headers(user)) for user in users]


def measure(site: str, yard: str, yard_session: str, world: World) -> Iterator[Figure]:
    """Yield the figures of quiz attempts."""
    course, students = create_class(world.teacher, BURST)
    quiz = create_quiz(world.teacher, course)
    takers = start_attempts(students[:SAVERS], quiz)
    session = {"Cookie": f"sessionid={yard_session}"}
    yield from _measure_page(site, Target(f"{yard}/cards/", session), students[0], takers[0])
    with tempfile.TemporaryDirectory() as folder:
        yield from _measure_saves(site, yard, session, takers, Path(folder))
    yield from _measure_burst(site, f"{yard}/submit/", session, students, quiz)


def _measure_page(site: str, yardstick: Target, student: User, taker: Taker) -> Iterator[Figure]:
    """Yield the rate, statements and size of the page of a running attempt (G4)."""
    path = f"/quizzes/attempts/{taker.attempt.pk}/"
    what = f"quiz page, {QUESTIONS} questions"
    yield from compare_rates("G4", what, Target(site + path, browser_headers(student)), yardstick, "Y2a", (0.3, 0.5))
    statements, size = count_statements_and_bytes(path, student)
    yield Figure("G4", f"{what}: statements", statements, "SQL", 12, more_is_better=False)
    yield Figure("G4", f"{what}: size", size / 1000, "kB", notes="before compression")


def _measure_saves(
    site: str, yard: str, session: dict[str, str], takers: list[Taker], folder: Path
) -> Iterator[Figure]:
    """Yield the rate and statements of saving one answer, for the attempts in rotation (G6)."""
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
    yield from compare_rates("G6", "saving one answer", saving, Target(yard, session, yardstick), "Y7a", (0.6, 0.9))
    address, _authorization, body = saves[0]
    statements = _count_statements(lambda client: client.put(address, body, "application/json"), takers[0])
    yield Figure("G6", "saving one answer: statements", statements, "SQL", 8, more_is_better=False)


def _count_statements(send: Callable[[Client], object], taker: Taker) -> int:
    """Return the number of statements of a request."""
    client = Client(headers=taker.headers)
    with CaptureQueriesContext(connection) as captured:
        send(client)
    return len(captured)


def _measure_burst(
    site: str, yardstick: str, session: dict[str, str], students: list[User], quiz: Quiz
) -> Iterator[Figure]:
    """Yield p95 and lost attempts of 200 concurrent submissions, between two bursts of the yardstick (G5)."""
    what = f"quiz submit, {BURST} at once"
    for _try in range(TRIES):
        takers = start_attempts(students, quiz)
        before = _submit_to_yard(yardstick, session)
        ours = _submit_all(site, takers)
        after = _submit_to_yard(yardstick, session)
        yield Figure("G5", f"{what}: lost", _count_lost(takers), "attempts", 0, more_is_better=False)
        if abs(before.p95_ms - after.p95_ms) <= MAX_DRIFT * max(before.p95_ms, after.p95_ms):
            mean = (before.p95_ms + after.p95_ms) / 2
            notes = f"p95 {ours.p95_ms} ms, the yardstick's {mean:.0f} ms"
            yield Figure("G5", f"{what}: p95", ours.p95_ms / mean, "Y7a", 3, 2, more_is_better=False, notes=notes)
            break
    else:
        sys.stderr.write(f"G5 {what}: the yardstick moved by more than {MAX_DRIFT:.0%}, {TRIES} times\n")
    taker = start_attempts(students[:1], quiz)[0]
    body = {"answers": taker.answers}
    statements = _count_statements(lambda client: client.post(f"{taker.path}/submit", body, "application/json"), taker)
    yield Figure("G5", "quiz submit: statements", statements, "SQL", 20, more_is_better=False)


def _submit_to_yard(address: str, session: dict[str, str]) -> Answers:
    return _checked(send_concurrently(BURST, lambda client, _number: client.post(address, headers=session)))


def _submit_all(site: str, takers: list[Taker]) -> Answers:
    def act(client: httpx.Client, number: int) -> httpx.Response:
        taker = takers[number]
        return client.post(f"{site}{taker.path}/submit", json={"answers": taker.answers}, headers=taker.headers)

    return _checked(send_concurrently(len(takers), act))


def _checked(answers: Answers) -> Answers:
    if set(answers.statuses) != {200}:
        raise LoadError(f"a burst returned the statuses {dict(answers.statuses)}")
    return answers


def _count_lost(takers: list[Taker]) -> int:
    """Return how many attempts lack answers that were sent, or their full score."""
    rows = Attempt.objects.in_bulk([taker.attempt.pk for taker in takers])
    return sum(
        (rows[taker.attempt.pk].answers, rows[taker.attempt.pk].score) != (taker.answers, 100) for taker in takers
    )
