"""The parts of an attempt that a user may see.

Pages and API both use this module, so that keys reach students in one place only (quality row Q01).
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.text import markdown
from quizzes.models import Attempt, Mark, QuestionVersion, fold_journal


@dataclass(frozen=True)
class StudentQuestion:
    """A question as students see it, without its key."""

    question_id: str
    question_text: str
    question_html: str
    question_type: str
    points: int
    order: int
    options: Any


@dataclass(frozen=True)
class AnswerKey:
    """The key of a question. `texts` is the correct answer for display, one line for each part."""

    question_id: str
    correct_answer: Any
    accepted_answers: list[str]
    explanation: str
    option_feedback: dict[str, str]
    texts: list[str]


@dataclass(frozen=True)
class AnswerResult:
    """The visible result of an answer. `is_waiting` is true while an essay awaits grading."""

    question_id: str
    points_earned: Decimal | None
    feedback: str
    is_waiting: bool

    @property
    def feedback_html(self) -> str:
        """Return the feedback, written in Markdown, as safe HTML with its line breaks."""
        return markdown.to_html(self.feedback, breaks=True) if self.feedback else ""


def build_student_questions(attempt: Attempt, versions: list[QuestionVersion]) -> list[StudentQuestion]:
    """Return the questions of an attempt as its student sees them."""
    return [
        StudentQuestion(
            question_id=str(version.question_id),
            question_text=version.question_text,
            question_html=version.question_html,
            question_type=version.question_type,
            points=version.points,
            order=place,
            options=attempt.get_options(version),
        )
        for place, version in enumerate(versions, start=1)
    ]


def build_answer_key(version: QuestionVersion, *, with_feedback: bool) -> AnswerKey:
    options = version.options if isinstance(version.options, list) else []
    feedback = {one["id"]: one["feedback"] for one in options if one.get("feedback")} if with_feedback else {}
    return AnswerKey(
        question_id=str(version.question_id),
        correct_answer=version.correct_answer,
        accepted_answers=version.accepted_answers,
        explanation=version.explanation,
        option_feedback=feedback,
        texts=version.type.describe_answer(version, version.correct_answer),
    )


def build_answer_result(mark: Mark, *, all_points: bool) -> AnswerResult:
    """Return the result of a mark. Automatic points are included with `all_points` only: they reveal the key."""
    is_by_hand = mark.kind == Mark.Kind.MANUAL or mark.version.type.is_graded_by_hand
    points = mark.points if all_points or is_by_hand else None
    return AnswerResult(str(mark.question_id), points, mark.feedback, mark.points is None)


@dataclass
class VisibleAttempt:
    """An attempt with everything that a user may see of it."""

    attempt: Attempt
    versions: list[QuestionVersion]
    questions: list[StudentQuestion]
    results: list[AnswerResult]
    keys: list[AnswerKey]
    answers: dict[str, Any]


def get_visible_attempt(attempt: Attempt, *, is_teacher: bool) -> VisibleAttempt:
    """Return the parts of an attempt that its student, or a teacher of the course, may see. At most three queries."""
    versions = attempt.versions
    sees_keys = is_teacher or attempt.can_show_answers()
    answers = attempt.answers
    if attempt.is_running:
        answers = {key: event.answer for key, event in fold_journal(attempt.load_journal()).items()}
    marks = {} if attempt.is_running else attempt.current_marks
    sees_points = is_teacher or (sees_keys and attempt.quiz.show_score)
    with_feedback = is_teacher or attempt.quiz.show_feedback
    # The versions that the answers were graded by; after a regrade they differ from the versions of the attempt.
    graded_versions = [
        marks[str(one.question_id)].version if str(one.question_id) in marks else one for one in versions
    ]
    return VisibleAttempt(
        attempt=attempt,
        versions=versions,
        questions=build_student_questions(attempt, versions),
        results=[build_answer_result(mark, all_points=sees_points) for mark in marks.values()],
        keys=[build_answer_key(one, with_feedback=with_feedback) for one in graded_versions] if sees_keys else [],
        answers=answers,
    )
