"""Experiments 1 and 5: fifty starts of one quiz at once, and answers saved while the site is killed again and again."""

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import httpx

from accounts.models import Role, User
from enrollments import services as enrollments
from enrollments.models import GradeEntry
from lms.experiments.crowd import Answers, all_at_once
from lms.experiments.races import Result, bearer, someone
from lms.experiments.stack import Site, running
from lms.testing.plugin import make_course
from quizzes import attempts, authoring
from quizzes.models import AnswerEvent, Attempt, Mark, Quiz

CROWD = 50
STUDENTS = 30
QUESTIONS = 10
SECONDS = 60
KILL_EVERY_SECONDS = 5
SAVE_EVERY_SECONDS = 0.5
TIMEOUT_SECONDS = 5
FORGETFUL = "lms.experiments.forgetful:application"


def a_quiz(questions: int, **rules: int) -> Quiz:
    """Make a published quiz of short answers in a course of its own."""
    teacher = someone(Role.INSTRUCTOR)
    course = make_course(teacher, f"Asked {uuid.uuid4().hex[:8]}", lessons=1)
    quiz = authoring.create_quiz(actor=teacher, course=course, title="Asked", **rules)
    for number in range(1, questions + 1):
        text = f"What is number {number}?"
        authoring.add_question(
            actor=teacher, quiz=quiz, question_type="short_answer", question_text=text, correct_answer=str(number)
        )
    return authoring.set_published(actor=teacher, quiz=quiz, published=True)


def a_student(quiz: Quiz) -> User:
    """Make a student of the quiz's course."""
    user = someone()
    enrollments.enroll(actor=user, user=user, course=quiz.course)
    return user


def starts(site: str, rounds: int) -> Result:
    """Experiment 1: fifty starts of a quiz that may be taken once; one begins, the others find it."""
    result = Result("1", f"{CROWD} starts at once of a quiz that may be taken once: one attempt, which all get", rounds)
    rows = []
    for _round in range(rounds):
        quiz = a_quiz(1, max_attempts=1)
        user = a_student(quiz)
        seen: set[str] = set()
        address = f"{site}/api/v1/quizzes/{quiz.pk}/attempts/"
        answers = all_at_once(CROWD, _start(address, bearer(user), seen))
        result.answers.add(answers)
        rows.append(Attempt.objects.filter(quiz=quiz).count())
        as_it_must_be = (rows[-1], len(seen), answers.statuses[201], answers.statuses[200]) == (1, 1, 1, CROWD - 1)
        result.broken += not as_it_must_be
    result.notes = f"{min(rows)} to {max(rows)} attempts a round, {result.answers.statuses[201]} times 201"
    return result


def _start(address: str, headers: dict[str, str], seen: set[str]) -> Callable[[httpx.Client, int], httpx.Response]:
    """Return what each of a crowd does: begin, and note the attempt's id."""

    def act(client: httpx.Client, _number: int) -> httpx.Response:
        answer = client.post(address, headers=headers)
        if answer.is_success:
            seen.add(answer.json()["id"])
        return answer

    return act


@dataclass
class Taker:
    """A student at their attempt, and what the server has acknowledged to them: number and text by question's id."""

    attempt: Attempt
    headers: dict[str, str]
    acknowledged: list[tuple[str, int, str]] = field(default_factory=list)
    answers: Answers = field(default_factory=Answers)

    @property
    def path(self) -> str:
        """The attempt's address below the site's."""
        return f"/api/v1/quizzes/{self.attempt.quiz_id}/attempts/{self.attempt.pk}"

    def work(self, where: "Where", until: float) -> None:
        """Save an answer every half a second; one that was not acknowledged is sent again, as the page does."""
        keys, seq = list(self.attempt.version_ids), 1
        with httpx.Client(headers=self.headers, timeout=TIMEOUT_SECONDS) as client:
            while time.monotonic() < until:
                key, text = keys[seq % len(keys)], f"answer {seq}"
                if self._save(client, where.address + self.path, key, text, seq):
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

    def lost(self) -> int:
        """Return how many acknowledged answers are not in the journal, or were graded as something older."""
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
        """Return whether there is one mark for each question, and one grade."""
        marks = Mark.objects.filter(attempt=self.attempt).count()
        grades = GradeEntry.objects.filter(item=self.attempt.quiz_id, enrollment=self.attempt.enrollment_id).count()
        return (marks, grades) == (QUESTIONS, 1)


@dataclass
class Where:
    """Where the site is just now."""

    address: str


def saves_through_kills(_site: str, _rounds: int) -> Result:
    """Experiment 5: thirty students save while the site is killed every five seconds; then all submit, each twice."""
    return _through_kills("lms.wsgi")


def forgetful_saves(_site: str, _rounds: int) -> Result:
    """The control of experiment 5: a site that acknowledges at once and writes later."""
    return _through_kills(FORGETFUL)


def _through_kills(application: str) -> Result:
    what = f"{STUDENTS} students save every {SAVE_EVERY_SECONDS} s, web killed (kill -9) every {KILL_EVERY_SECONDS} s"
    result = Result("5", f"{what} for {SECONDS} s: every acknowledged answer is graded, once", 1)
    takers, kills = _takers(), 0
    where = Where("http://127.0.0.1:9")  # nobody, until the site is there
    with ThreadPoolExecutor(STUDENTS) as pool:
        with running(application) as site:
            until = time.monotonic() + SECONDS
            where.address = site.address
            working = [pool.submit(taker.work, where, until) for taker in takers]
            kills += _let_live(site)
        while time.monotonic() < until:
            with running(application) as site:
                where.address = site.address
                kills += _let_live(site)
        for one in working:
            one.result()
    with running(application) as site:
        _submit_all(site.address, takers, result)
    for taker in takers:
        result.answers.add(taker.answers)
    acknowledged, lost = sum(len(taker.acknowledged) for taker in takers), sum(taker.lost() for taker in takers)
    twice = sum(not taker.is_graded_once() for taker in takers)
    result.broken = int(lost + twice > 0)
    result.notes = f"{kills} kills; {acknowledged} answers acknowledged, {lost} lost; graded twice: {twice}"
    return result


def _takers() -> list[Taker]:
    quiz = a_quiz(QUESTIONS, max_attempts=1)
    users = [a_student(quiz) for _number in range(STUDENTS)]
    return [Taker(attempts.start(actor=user, quiz=quiz)[0], bearer(user)) for user in users]


def _let_live(site: Site) -> int:
    """Let the site live for its five seconds, and kill it; return 1."""
    time.sleep(KILL_EVERY_SECONDS)
    site.kill()
    return 1


def _submit_all(site: str, takers: list[Taker], result: Result) -> None:
    """Let every student submit with an empty body, twice at the same moment."""
    pairs = [taker for taker in takers for _twice in range(2)]

    def act(client: httpx.Client, number: int) -> httpx.Response:
        taker = pairs[number]
        return client.post(f"{site}{taker.path}/submit", json={}, headers=taker.headers)

    result.answers.add(all_at_once(len(pairs), act))
