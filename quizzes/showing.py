"""What a person may see of an attempt: the one place that decides it, for pages and API alike (QUALITY Q01)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from quizzes.models import Attempt, Mark, QuestionVersion, fold


@dataclass(frozen=True)
class Asked:
    """A question as a student gets it: nothing of the key."""

    question_id: str
    question_text: str
    question_html: str
    question_type: str
    points: int
    order: int
    options: Any


@dataclass(frozen=True)
class Key:
    """What is right, once it may be seen."""

    question_id: str
    correct_answer: Any
    accepted_answers: list[str]
    explanation: str
    option_feedback: dict[str, str]
    in_words: list[str]


@dataclass(frozen=True)
class Result:
    """What an answer earned, as far as it may be seen; `is_waiting` for an essay that nobody has marked."""

    question_id: str
    points_earned: Decimal | None
    feedback: str
    is_waiting: bool


def asked(attempt: Attempt, versions: list[QuestionVersion]) -> list[Asked]:
    """Return the questions as the student of an attempt gets them."""
    return [
        Asked(
            question_id=str(version.question_id),
            question_text=version.question_text,
            question_html=version.question_html,
            question_type=version.question_type,
            points=version.points,
            order=place,
            options=version.kind.shown_options(version, attempt.option_seed(version)),
        )
        for place, version in enumerate(versions, start=1)
    ]


def key_of(version: QuestionVersion, *, with_feedback: bool) -> Key:
    """Return a question's key."""
    options = version.options if isinstance(version.options, list) else []
    feedback = {one["id"]: one["feedback"] for one in options if one.get("feedback")} if with_feedback else {}
    return Key(
        question_id=str(version.question_id),
        correct_answer=version.correct_answer,
        accepted_answers=version.accepted_answers,
        explanation=version.explanation,
        option_feedback=feedback,
        in_words=version.kind.in_words(version, version.correct_answer),
    )


def result_of(mark: Mark, *, all_points: bool) -> Result:
    """Return what a mark says; the points of what the key decided only with `all_points`."""
    by_hand = mark.kind == Mark.Kind.MANUAL or mark.version.kind.is_marked_by_hand
    shown = all_points or by_hand
    return Result(str(mark.question_id), mark.points if shown else None, mark.feedback, mark.points is None)


@dataclass
class Shown:
    """An attempt with everything that its reader may see of it."""

    attempt: Attempt
    versions: list[QuestionVersion]
    questions: list[Asked]
    results: list[Result]
    keys: list[Key]
    answers: dict[str, Any]


def shown_to(attempt: Attempt, *, is_teacher: bool) -> Shown:
    """Return what the attempt's student, or somebody who teaches the course, may see of it. At most three queries."""
    versions = attempt.versions
    open_to_reader = is_teacher or attempt.may_show_answers()
    answers = attempt.answers
    if attempt.is_running:
        answers = {key: event.answer for key, event in fold(attempt.journal()).items()}
    marks = {} if attempt.is_running else attempt.standing
    sees_points = is_teacher or (open_to_reader and attempt.quiz.show_score)
    with_feedback = is_teacher or attempt.quiz.show_feedback
    # The key by which it was marked, which a regrade may have changed since it was asked.
    keyed = [marks[str(one.question_id)].version if str(one.question_id) in marks else one for one in versions]
    return Shown(
        attempt=attempt,
        versions=versions,
        questions=asked(attempt, versions),
        results=[result_of(mark, all_points=sees_points) for mark in marks.values()],
        keys=[key_of(version, with_feedback=with_feedback) for version in keyed] if open_to_reader else [],
        answers=answers,
    )
