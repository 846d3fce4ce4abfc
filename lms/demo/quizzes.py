"""The demo's quizzes, from `quizzes.toml`, and what the students have done with them: many rows, few statements."""

import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from courses.models import Course, Lesson
from enrollments.models import Enrollment, GradeEntry
from lms.lib import markdown
from quizzes.marking import apply_marks, counted_points
from quizzes.models import AnswerEvent, Attempt, Mark, Question, QuestionVersion, Quiz, mixed, receipt_of
from quizzes.question_types import TYPES

FILE = Path(__file__).with_name("quizzes.toml")
SECONDS_AN_ANSWER = 45


@dataclass(frozen=True)
class QuestionText:
    """A question of the file; `key` is what its type makes of options, pairs and answer."""

    type: str
    text: str
    points: int
    explanation: str = ""
    options: list[str] = field(default_factory=list)
    pairs: list[list[str]] = field(default_factory=list)
    answer: Any = None
    accepted: list[str] = field(default_factory=list)
    tolerance: float = 0
    wrong: list[Any] = field(default_factory=list)
    answers: list[dict[str, Any]] = field(default_factory=list)

    @property
    def key(self) -> dict[str, Any]:
        """The four fields of a version."""
        options, answer = self._written()
        return TYPES[self.type].clean(
            options=options, correct_answer=answer, accepted_answers=self.accepted, tolerance=self.tolerance
        )

    def _written(self) -> tuple[Any, Any]:
        if self.pairs:
            rights = list(dict.fromkeys(right for _left, right in self.pairs))
            left = [{"id": f"l{place}", "text": text} for place, (text, _right) in enumerate(self.pairs)]
            right = [{"id": f"r{place}", "text": text} for place, text in enumerate(rights)]
            return {"left": left, "right": right}, {
                f"l{place}": f"r{rights.index(text)}" for place, (_left, text) in enumerate(self.pairs)
            }
        choices = []
        for place, line in enumerate(self.options):
            text, _sign, feedback = line.removeprefix("* ").partition(" :: ")
            choices.append({"id": f"o{place}", "text": text, "is_correct": line.startswith("* "), "feedback": feedback})
        return choices or None, self.answer


@dataclass(frozen=True)
class QuizText:
    """A quiz of the file."""

    course: str
    lesson: str
    rules: dict[str, Any]
    questions: list[QuestionText]
    due_in_days: int | None = None
    tries: int = 0
    running: tuple[str, ...] = ()
    by_clock: tuple[str, ...] = ()


def read_quizzes() -> list[QuizText]:
    """Return the quizzes, in the file's order."""
    return [_quiz_text(fields) for fields in tomllib.loads(FILE.read_text(encoding="utf-8"))["quizzes"]]


def _quiz_text(fields: dict[str, Any]) -> QuizText:
    rules = dict(fields)
    work = rules.pop("work", {})
    return QuizText(
        course=rules.pop("course"),
        lesson=rules.pop("lesson"),
        questions=[QuestionText(**question) for question in rules.pop("questions")],
        due_in_days=rules.pop("due_in_days", None),
        rules=rules,
        tries=work.get("tries", 0),
        running=tuple(work.get("running", ())),
        by_clock=tuple(work.get("by_clock", ())),
    )


def save_quizzes(courses: dict[str, Course], enrollments: list[Enrollment], now: datetime) -> None:
    """Insert the quizzes, and the attempts of the furthest students: right and wrong, marked and waiting, some running.

    About six statements a quiz and four for all attempts. Always the same but for ids, for the same `now`.
    """
    rng = random.Random("quizzes")  # noqa: S311  # it makes up answers, it protects nothing
    lessons = {(lesson.course_id, lesson.title): lesson for lesson in Lesson.objects.all()}
    rows = Rows()
    for text in read_quizzes():
        course = courses[text.course]
        quiz, versions = _save_quiz(text, course, lessons[course.pk, text.lesson], now)
        students = [one for one in enrollments if one.course.slug == text.course and one.lessons_done]
        students.sort(key=lambda one: (-one.lessons_done, str(one.user)))
        for try_ in _tries(text, students, now):
            rows.add(_taken(quiz, text, versions, try_, rng))
    rows.save()


def _save_quiz(text: QuizText, course: Course, lesson: Lesson, now: datetime) -> tuple[Quiz, list[QuestionVersion]]:
    """Insert a quiz with its questions; return it and their versions, in order."""
    due_at = None
    if text.due_in_days is not None:
        due_at = (now + timedelta(days=text.due_in_days)).replace(hour=18, minute=0, second=0, microsecond=0)
    quiz = Quiz(
        course=course,
        lesson=lesson,
        is_published=True,
        due_at=due_at,
        points_possible=Decimal(sum(question.points for question in text.questions)),
        **text.rules,
    )
    quiz.save(force_insert=True)
    questions = [Question(quiz=quiz, order=place) for place in range(1, len(text.questions) + 1)]
    Question.objects.bulk_create(questions)
    versions = [_version(*pair) for pair in zip(questions, text.questions, strict=True)]
    QuestionVersion.objects.bulk_create(versions)
    for question, version in zip(questions, versions, strict=True):
        question.current = version
    Question.objects.bulk_update(questions, ["current"])
    return quiz, versions


def _version(question: Question, text: QuestionText) -> QuestionVersion:
    written = text.text.strip()
    return QuestionVersion(
        question=question,
        number=1,
        question_type=text.type,
        question_text=written,
        question_html=markdown.to_html(written),
        points=text.points,
        explanation=text.explanation,
        **text.key,
    )


@dataclass(frozen=True)
class Try:
    """One attempt to be made up: whose, their how-manieth, when, how good they are (0 to 1), and how it ends."""

    enrollment: Enrollment
    number: int
    started_at: datetime
    skill: float
    place: int
    is_running: bool = False
    by_clock: bool = False


def _tries(text: QuizText, students: list[Enrollment], now: datetime) -> Iterator[Try]:
    """Yield the attempts of a quiz: the furthest students' first, twice by every third; then who is at it now."""
    named = {*text.running, *text.by_clock}
    takers = [one for one in students if one.user.full_name not in named][: text.tries]
    for place, enrollment in enumerate(takers):
        first = max(enrollment.enrolled_at, now - timedelta(days=12 - 2 * place, hours=3 * place))
        skill = 0.92 - 0.12 * place
        yield Try(enrollment, 1, first, skill, place)
        if place % 3 == 2 and text.rules.get("max_attempts") != 1:
            yield Try(enrollment, 2, first + timedelta(hours=20), min(1, skill + 0.25), place)
    for place, enrollment in enumerate(students):
        if enrollment.user.full_name in text.running:
            yield Try(enrollment, 1, now - timedelta(minutes=25), 0.8, place, is_running=True)
        elif enrollment.user.full_name in text.by_clock:
            yield Try(enrollment, 1, now - timedelta(days=2), 0.6, place, by_clock=True)


@dataclass
class Taken:
    """An attempt with its journal and its marks, not saved yet."""

    attempt: Attempt
    events: list[AnswerEvent]
    marks: list[Mark] = field(default_factory=list)


def _taken(quiz: Quiz, text: QuizText, versions: list[QuestionVersion], one: Try, rng: random.Random) -> Taken:
    """Make up an attempt: who runs out of time, or is in the middle of it, has answered the first half."""
    seed = rng.getrandbits(31)
    layout = [[str(version.question_id), str(version.pk)] for version in versions]
    limit = None if quiz.time_limit_minutes is None else timedelta(minutes=quiz.time_limit_minutes)
    attempt = Attempt(
        quiz=quiz,
        enrollment=one.enrollment,
        number=one.number,
        seed=seed,
        layout=mixed(layout, seed) if quiz.shuffle_questions else layout,
        started_at=one.started_at,
        expires_at=None if limit is None else one.started_at + limit,
        points_possible=quiz.points_possible,
    )
    asked = list(zip(text.questions, versions, strict=True))
    answered = asked[: len(asked) // 2] if one.is_running or one.by_clock else asked
    for question, version in answered:
        answer = _answer(question, version, one, rng)
        if answer is not None:
            attempt.answers[str(version.question_id)] = version.kind.check(version, answer)
    taken = Taken(attempt, _journal(attempt))
    if one.is_running:
        attempt.answers = {}
        return taken
    last = taken.events[-1].saved_at if taken.events else attempt.started_at
    attempt.submitted_at = attempt.expires_at if one.by_clock else last + timedelta(seconds=SECONDS_AN_ANSWER)
    attempt.by_clock = one.by_clock
    attempt.receipt = receipt_of(attempt, taken.events)
    taken.marks = [mark for pair in asked for mark in _marks(attempt, *pair, one)]
    apply_marks(attempt, {mark.question_id: mark.points for mark in taken.marks}.values())
    return taken


def _answer(text: QuestionText, version: QuestionVersion, one: Try, rng: random.Random) -> Any:
    """Return an answer: right as often as the student is good, otherwise one that people give."""
    if text.type == "essay":
        return text.answers[one.place % len(text.answers)]["text"]
    key: Any = version.correct_answer
    is_right = rng.random() < one.skill
    if text.type == "true_false":
        return (key == "true") is is_right
    if is_right:
        return key
    if text.type == "matching":
        partners = list(key.values())
        return dict(zip(key, partners[1:] + partners[:1], strict=True))
    if text.type == "multiple_select":
        return sorted({key[0], rng.choice([option["id"] for option in version.options])})
    if text.type == "multiple_choice":
        return rng.choice([option["id"] for option in version.options if option["id"] != key])
    return rng.choice(text.wrong)


def _journal(attempt: Attempt) -> list[AnswerEvent]:
    """Return the saves of an attempt's answers, one after another."""
    events = [
        AnswerEvent(
            attempt=attempt,
            number=number,
            question_id=key,
            seq=1,
            answer=answer,
            saved_at=attempt.started_at + timedelta(seconds=SECONDS_AN_ANSWER * number),
        )
        for number, (key, answer) in enumerate(attempt.answers.items(), start=1)
    ]
    attempt.last_number = len(events)
    return events


def _marks(attempt: Attempt, text: QuestionText, version: QuestionVersion, one: Try) -> Iterator[Mark]:
    """Yield the mark by the key, and the one by hand where an essay has been read."""
    answer = attempt.answers.get(str(version.question_id))
    at = attempt.submitted_at or attempt.started_at
    shared: dict[str, Any] = {"attempt": attempt, "version": version, "question_id": version.question_id}
    yield Mark(**shared, points=version.earned(answer), created_at=at)
    written = text.answers[one.place % len(text.answers)] if text.answers else {}
    if answer is not None and "points" in written:
        yield Mark(
            **shared,
            kind=Mark.Kind.MANUAL,
            points=Decimal(written["points"]),
            feedback=written["feedback"],
            graded_by=attempt.quiz.course.instructor,
            created_at=at + timedelta(hours=9),
        )


class Rows:
    """Attempts that wait to be saved together."""

    def __init__(self) -> None:
        self.all: list[Taken] = []

    def add(self, taken: Taken) -> None:
        """Take one more."""
        self.all.append(taken)

    def save(self) -> None:
        """Insert attempts, journals, marks and grades. Four statements."""
        Attempt.objects.bulk_create(taken.attempt for taken in self.all)
        AnswerEvent.objects.bulk_create(event for taken in self.all for event in taken.events)
        Mark.objects.bulk_create(mark for taken in self.all for mark in taken.marks)
        GradeEntry.objects.bulk_create(self._grades())

    def _grades(self) -> Iterator[GradeEntry]:
        """Yield a grade for each attempt that is marked whole: what the student's attempts are worth from then on."""
        earlier: dict[Any, list[Attempt]] = {}
        for attempt in (taken.attempt for taken in self.all if taken.attempt.points_earned is not None):
            tries = earlier.setdefault((attempt.quiz_id, attempt.enrollment_id), [])
            tries.append(attempt)
            points = counted_points(attempt.quiz, tries)
            if points is not None and attempt.submitted_at is not None:
                yield GradeEntry(
                    item=attempt.quiz,
                    enrollment=attempt.enrollment,
                    points=points,
                    source_id=attempt.pk,
                    created_at=attempt.submitted_at,
                )
