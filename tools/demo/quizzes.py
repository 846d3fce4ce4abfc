"""Quizzes of the demo from `quizzes.toml`, and attempts of its students, inserted in few statements."""

import random
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from core.text import markdown
from courses.models import Course, Lesson
from enrollments.models import Enrollment, GradeEntry
from quizzes.grading import apply_marks, compute_counted_points
from quizzes.models import AnswerEvent, Attempt, Mark, Question, QuestionVersion, Quiz, compute_receipt, shuffle_layout
from quizzes.option_ids import make_option_id
from quizzes.question_types import TYPES

FILE = Path(__file__).with_name("quizzes.toml")
SECONDS_AN_ANSWER = 45


@dataclass(frozen=True)
class QuestionText:
    """A question of the file."""

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
        """The four fields of a question version that its type derives from options, pairs and answer."""
        options, answer = self._options_and_answer()
        return TYPES[self.type].clean_key(
            options=options, correct_answer=answer, accepted_answers=self.accepted, tolerance=self.tolerance
        )

    def _options_and_answer(self) -> tuple[Any, Any]:
        if self.pairs:
            rights = list(dict.fromkeys(right for _left, right in self.pairs))
            left = [{"id": make_option_id(), "text": text} for text, _right in self.pairs]
            right = {text: {"id": make_option_id(), "text": text} for text in rights}
            key = {one["id"]: right[text]["id"] for one, (_left, text) in zip(left, self.pairs, strict=True)}
            return {"left": left, "right": list(right.values())}, key
        choices = []
        for line in self.options:
            text, _sign, feedback = line.removeprefix("* ").partition(" :: ")
            choices.append({"text": text, "is_correct": line.startswith("* "), "feedback": feedback})
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
    return [_parse_quiz(fields) for fields in tomllib.loads(FILE.read_text(encoding="utf-8"))["quizzes"]]


def _parse_quiz(fields: dict[str, Any]) -> QuizText:
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
    """Insert the quizzes, and attempts of the students with the most progress: graded, ungraded and running ones.

    About six statements for each quiz and four for all attempts. Equal for the same `now`, except for ids.
    """
    rng = random.Random("quizzes")  # noqa: S311  # random answers
    lessons = {(lesson.course_id, lesson.title): lesson for lesson in Lesson.objects.all()}
    rows = AttemptRows()
    for text in read_quizzes():
        course = courses[text.course]
        quiz, versions = _save_quiz(text, course, lessons[course.pk, text.lesson], now)
        students = [one for one in enrollments if one.course.slug == text.course and one.lessons_done]
        students.sort(key=lambda one: (-one.lessons_done, str(one.user)))
        for plan in _plan_attempts(text, students, now):
            rows.add(_build_attempt(quiz, text, versions, plan, rng))
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
    versions = [_build_version(*pair) for pair in zip(questions, text.questions, strict=True)]
    QuestionVersion.objects.bulk_create(versions)
    for question, version in zip(questions, versions, strict=True):
        question.current = version
    Question.objects.bulk_update(questions, ["current"])
    return quiz, versions


def _build_version(question: Question, text: QuestionText) -> QuestionVersion:
    markdown_text = text.text.strip()
    return QuestionVersion(
        question=question,
        number=1,
        question_type=text.type,
        question_text=markdown_text,
        question_html=markdown.to_html(markdown_text),
        points=text.points,
        explanation=text.explanation,
        **text.key,
    )


@dataclass(frozen=True)
class PlannedAttempt:
    """An attempt to generate: enrollment, number, start, the share of correct answers, and how it ends."""

    enrollment: Enrollment
    number: int
    started_at: datetime
    skill: float
    place: int
    is_running: bool = False
    by_clock: bool = False


def _plan_attempts(text: QuizText, students: list[Enrollment], now: datetime) -> Iterator[PlannedAttempt]:
    """Yield the attempts of a quiz: of students with the most progress, twice for every third; then running ones."""
    named = {*text.running, *text.by_clock}
    takers = [one for one in students if one.user.full_name not in named][: text.tries]
    for place, enrollment in enumerate(takers):
        first = max(enrollment.enrolled_at, now - timedelta(days=12 - 2 * place, hours=3 * place))
        skill = 0.92 - 0.12 * place
        yield PlannedAttempt(enrollment, 1, first, skill, place)
        if place % 3 == 2 and text.rules.get("max_attempts") != 1:
            yield PlannedAttempt(enrollment, 2, first + timedelta(hours=20), min(1, skill + 0.25), place)
    for place, enrollment in enumerate(students):
        if enrollment.user.full_name in text.running:
            yield PlannedAttempt(enrollment, 1, now - timedelta(minutes=25), 0.8, place, is_running=True)
        elif enrollment.user.full_name in text.by_clock:
            yield PlannedAttempt(enrollment, 1, now - timedelta(days=2), 0.6, place, by_clock=True)


@dataclass
class BuiltAttempt:
    """An unsaved attempt with its journal and its marks."""

    attempt: Attempt
    events: list[AnswerEvent]
    marks: list[Mark] = field(default_factory=list)


def _build_attempt(
    quiz: Quiz, text: QuizText, versions: list[QuestionVersion], one: PlannedAttempt, rng: random.Random
) -> BuiltAttempt:
    """Build an attempt; running and expired ones have answers to the first half of the questions."""
    seed = rng.getrandbits(31)
    layout = [[str(version.question_id), str(version.pk)] for version in versions]
    limit = None if quiz.time_limit_minutes is None else timedelta(minutes=quiz.time_limit_minutes)
    attempt = Attempt(
        quiz=quiz,
        enrollment=one.enrollment,
        number=one.number,
        seed=seed,
        layout=shuffle_layout(layout, seed) if quiz.shuffle_questions else layout,
        started_at=one.started_at,
        expires_at=None if limit is None else one.started_at + limit,
        points_possible=quiz.points_possible,
    )
    questions = list(zip(text.questions, versions, strict=True))
    answered = questions[: len(questions) // 2] if one.is_running or one.by_clock else questions
    for question, version in answered:
        answer = _choose_answer(question, version, one, rng)
        if answer is not None:
            attempt.answers[str(version.question_id)] = version.type.clean_answer(version, answer)
    built = BuiltAttempt(attempt, _build_journal(attempt))
    if one.is_running:
        attempt.answers = {}
        return built
    last = built.events[-1].saved_at if built.events else attempt.started_at
    attempt.submitted_at = attempt.expires_at if one.by_clock else last + timedelta(seconds=SECONDS_AN_ANSWER)
    attempt.by_clock = one.by_clock
    attempt.receipt = compute_receipt(attempt, built.events)
    built.marks = [mark for pair in questions for mark in _build_marks(attempt, *pair, one)]
    apply_marks(attempt, {mark.question_id: mark.points for mark in built.marks}.values())
    return built


def _choose_answer(text: QuestionText, version: QuestionVersion, one: PlannedAttempt, rng: random.Random) -> Any:
    """Return an answer that is correct with the probability `skill`, otherwise a typical wrong one."""
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


def _build_journal(attempt: Attempt) -> list[AnswerEvent]:
    """Return the saves of the answers of an attempt."""
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


def _build_marks(attempt: Attempt, text: QuestionText, version: QuestionVersion, one: PlannedAttempt) -> Iterator[Mark]:
    """Yield the automatic mark, and the manual one if the file has points for an essay."""
    answer = attempt.answers.get(str(version.question_id))
    at = attempt.submitted_at or attempt.started_at
    shared: dict[str, Any] = {"attempt": attempt, "version": version, "question_id": version.question_id}
    yield Mark(**shared, points=version.compute_points(answer), created_at=at)
    essay = text.answers[one.place % len(text.answers)] if text.answers else {}
    if answer is not None and "points" in essay:
        yield Mark(
            **shared,
            kind=Mark.Kind.MANUAL,
            points=Decimal(essay["points"]),
            feedback=essay["feedback"],
            graded_by=attempt.quiz.course.instructor,
            created_at=at + timedelta(hours=9),
        )


class AttemptRows:
    """Attempts that are inserted together."""

    def __init__(self) -> None:
        self.all: list[BuiltAttempt] = []

    def add(self, attempt: BuiltAttempt) -> None:
        """Add an attempt."""
        self.all.append(attempt)

    def save(self) -> None:
        """Insert attempts, journals, marks and grades. Four statements."""
        Attempt.objects.bulk_create(built.attempt for built in self.all)
        AnswerEvent.objects.bulk_create(event for built in self.all for event in built.events)
        Mark.objects.bulk_create(mark for built in self.all for mark in built.marks)
        GradeEntry.objects.bulk_create(self._build_grades())

    def _build_grades(self) -> Iterator[GradeEntry]:
        """Yield the grade of the student after each fully marked attempt."""
        earlier: dict[Any, list[Attempt]] = {}
        for attempt in (built.attempt for built in self.all if built.attempt.points_earned is not None):
            tries = earlier.setdefault((attempt.quiz_id, attempt.enrollment_id), [])
            tries.append(attempt)
            points = compute_counted_points(attempt.quiz, tries)
            if points is not None and attempt.submitted_at is not None:
                yield GradeEntry(
                    item=attempt.quiz,
                    enrollment=attempt.enrollment,
                    points=points,
                    source_id=attempt.pk,
                    created_at=attempt.submitted_at,
                )
