"""Experiments 1 and 5: concurrent starts of a quiz, and answers saved while the site is killed repeatedly."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from accounts.models import Role, User
from enrollments import services as enrollments
from enrollments.models import GradeEntry
from quizzes import attempts, editor
from quizzes.models import AnswerEvent, Attempt, Mark, Quiz
from tools.experiments.crowd import Answers, send_concurrently
from tools.experiments.races import Result, bearer_headers, create_user
from tools.experiments.stack import Site, run_site
from tools.testing.plugin import make_course

CROWD = 50
STUDENTS = 30
QUESTIONS = 10
SECONDS = 60
KILL_EVERY_SECONDS = 5
SAVE_EVERY_SECONDS = 0.5
TIMEOUT_SECONDS = 5
LATE_SAVES = "tools.experiments.late_saves:application"


def create_quiz(questions: int, **rules: int) -> Quiz:
    """Create a published quiz of short-answer questions in a new course."""
    teacher = create_user(Role.INSTRUCTOR)
    course = make_course(teacher, f"Quiz course {uuid.uuid4().hex[:8]}", lessons=1)
    quiz = editor.create_quiz(actor=teacher, course=course, title="Quiz", **rules)
    for number in range(1, questions + 1):
        text = f"What is number {number}?"
        editor.add_question(
            actor=teacher, quiz=quiz, question_type="short_answer", question_text=text, correct_answer=str(number)
        )
    return editor.set_published(actor=teacher, quiz=quiz, published=True)


def enroll_student(quiz: Quiz) -> User:
    """Create a student who is enrolled in the course of the quiz."""
    user = create_user()
    enrollments.enroll(actor=user, user=user, course=quiz.course)
    return user


def start_attempts(site: str, rounds: int) -> Result:
    """Run experiment 1: fifty concurrent starts of a quiz with one attempt; one creates it, the others return it."""
    result = Result("1", f"{CROWD} starts at once of a quiz with one attempt: all return the same attempt", rounds)
    rows = []
    for _round in range(rounds):
        quiz = create_quiz(1, max_attempts=1)
        user = enroll_student(quiz)
        seen: set[str] = set()
        address = f"{site}/api/v1/quizzes/{quiz.pk}/attempts/"
        answers = send_concurrently(CROWD, _start(address, bearer_headers(user), seen))
        result.answers.add(answers)
        rows.append(Attempt.objects.filter(quiz=quiz).count())
        is_correct = (rows[-1], len(seen), answers.statuses[201], answers.statuses[200]) == (1, 1, 1, CROWD - 1)
        result.broken += not is_correct
    result.notes = f"{min(rows)} to {max(rows)} attempts a round, {result.answers.statuses[201]} times 201"
    return result


def _start(address: str, headers: dict[str, str], seen: set[str]) -> Callable[[httpx.Client, int], httpx.Response]:
    """Return the request of each client: start the attempt and add its id to `seen`."""

    def act(client: httpx.Client, _number: int) -> httpx.Response:
        answer = client.post(address, headers=headers)
        if answer.is_success:
            seen.add(answer.json()["id"])
        return answer

    return act


@dataclass
class Taker:
    """A student with an attempt and the acknowledged answers: question id, sequence number and text of each."""

    attempt: Attempt
    headers: dict[str, str]
    acknowledged: list[tuple[str, int, str]] = field(default_factory=list)
    answers: Answers = field(default_factory=Answers)

    @property
    def path(self) -> str:
        """Path of the attempt in the API."""
        return f"/api/v1/quizzes/{self.attempt.quiz_id}/attempts/{self.attempt.pk}"

    def save_answers(self, address: "CurrentAddress", until: float) -> None:
        """Save an answer every half second; resend an unacknowledged one, as the page does."""
        keys, seq = list(self.attempt.version_ids), 1
        with httpx.Client(headers=self.headers, timeout=TIMEOUT_SECONDS) as client:
            while time.monotonic() < until:
                key, text = keys[seq % len(keys)], f"answer {seq}"
                if self._save(client, address.value + self.path, key, text, seq):
                    self.acknowledged.append((key, seq, text))
                    seq += 1
                time.sleep(SAVE_EVERY_SECONDS)

    def _save(self, client: httpx.Client, address: str, key: str, text: str, seq: int) -> bool:
        started = time.perf_counter()
        try:
            answer = client.put(f"{address}/answers", json={"answers": {key: text}, "seq": seq})
        except httpx.TransportError:
            return False
        self.answers.waits_ms.append((time.perf_counter() - started) * 1000)
        self.answers.statuses[answer.status_code] += 1
        return answer.is_success

    def count_lost_answers(self) -> int:
        """Return how many acknowledged answers are missing in the journal or were graded with an older text."""
        self.attempt.refresh_from_db()
        journal = {
            (str(one.question_id), one.seq, one.answer) for one in AnswerEvent.objects.filter(attempt=self.attempt)
        }
        last = {key: (seq, text) for key, seq, text in self.acknowledged}
        number_of = {(key, answer): seq for key, seq, answer in journal}
        older = sum(
            (number_of.get((key, self.attempt.answers.get(key))) or 0) < seq for key, (seq, _text) in last.items()
        )
        return sum(one not in journal for one in self.acknowledged) + older

    def is_graded_once(self) -> bool:
        """Return whether there is one mark for each question and one grade."""
        marks = Mark.objects.filter(attempt=self.attempt).count()
        grades = GradeEntry.objects.filter(item=self.attempt.quiz_id, enrollment=self.attempt.enrollment_id).count()
        return (marks, grades) == (QUESTIONS, 1)


@dataclass
class CurrentAddress:
    """The address of the site, which changes with each restart."""

    value: str


def save_answers_through_kills(_site: str, _rounds: int) -> Result:
    """Run experiment 5: thirty students save while the site is killed every five seconds, then submit twice."""
    return _save_through_kills("lms.wsgi")


def save_answers_late(_site: str, _rounds: int) -> Result:
    """Run the control of experiment 5: a site that acknowledges a save before it is written."""
    return _save_through_kills(LATE_SAVES)


def _save_through_kills(application: str) -> Result:
    what = f"{STUDENTS} students save every {SAVE_EVERY_SECONDS} s, web killed (kill -9) every {KILL_EVERY_SECONDS} s"
    result = Result("5", f"{what} for {SECONDS} s: every acknowledged answer is graded, once", 1)
    takers, kills = _start_takers(), 0
    address = CurrentAddress("http://127.0.0.1:9")  # refuses connections until the site runs
    with ThreadPoolExecutor(STUDENTS) as pool:
        with run_site(application) as site:
            until = time.monotonic() + SECONDS
            address.value = site.address
            futures = [pool.submit(taker.save_answers, address, until) for taker in takers]
            kills += _kill_later(site)
        while time.monotonic() < until:
            with run_site(application) as site:
                address.value = site.address
                kills += _kill_later(site)
        for future in futures:
            future.result()
    with run_site(application) as site:
        _submit_all(site.address, takers, result)
    for taker in takers:
        result.answers.add(taker.answers)
    acknowledged, lost = (
        sum(len(taker.acknowledged) for taker in takers),
        sum(taker.count_lost_answers() for taker in takers),
    )
    twice = sum(not taker.is_graded_once() for taker in takers)
    result.broken = int(lost + twice > 0)
    result.notes = f"{kills} kills; {acknowledged} answers acknowledged, {lost} lost; graded twice: {twice}"
    return result


def _start_takers() -> list[Taker]:
    quiz = create_quiz(QUESTIONS, max_attempts=1)
    users = [enroll_student(quiz) for _number in range(STUDENTS)]
    return [Taker(attempts.start_attempt(actor=user, quiz=quiz)[0], bearer_headers(user)) for user in users]


def _kill_later(site: Site) -> int:
    """Kill the site after five seconds; return 1, the number of kills."""
    time.sleep(KILL_EVERY_SECONDS)
    site.kill()
    return 1


def _submit_all(site: str, takers: list[Taker], result: Result) -> None:
    """Submit every attempt twice at the same moment, with an empty body."""
    pairs = [taker for taker in takers for _twice in range(2)]

    def act(client: httpx.Client, number: int) -> httpx.Response:
        taker = pairs[number]
        return client.post(f"{site}{taker.path}/submit", json={}, headers=taker.headers)

    result.answers.add(send_concurrently(len(pairs), act))
