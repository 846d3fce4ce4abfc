"""Every operation on every state of an attempt."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from quizzes import attempts, editor, grading
from quizzes.models import Attempt, Quiz
from quizzes.states import ATTEMPT, AttemptState
from quizzes.tests.conftest import ESSAY, answers_for, begin, make_quiz
from tools.testing.transitions import assert_follows, every_case

QUESTION = {"question_type": "true_false", "question_text": "Tea is a plant.", "points": 4, "correct_answer": "true"}


@pytest.fixture
def quiz(alice: User, course: Course, enrollment: Enrollment) -> Quiz:
    """A quiz with an essay, which is graded by hand."""
    return make_quiz(alice, course, [QUESTION, ESSAY], time_limit_minutes=30)


def grade(attempt: Attempt) -> None:
    teacher, essay = attempt.quiz.course.instructor, attempt.quiz.questions.order_by("order")[1]
    grading.grade_answer(actor=teacher, attempt=attempt, question_id=essay.pk, points=Decimal(3))


def submit(attempt: Attempt) -> None:
    answers = answers_for(attempt, [True, "Water is wet."]) if attempt.is_running else None
    attempts.submit_attempt(actor=attempt.enrollment.user, attempt=attempt, answers=answers)


def save(attempt: Attempt) -> None:
    answers = answers_for(attempt, [False])
    attempts.save_answers(actor=attempt.enrollment.user, attempt=attempt, answers=answers)


def close(attempt: Attempt) -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=1)):
        attempts.close_if_overdue(attempt)


def regrade(attempt: Attempt) -> None:
    teacher, question = attempt.quiz.course.instructor, attempt.quiz.questions.order_by("order")[0]
    editor.change_question(actor=teacher, question=question, points=2)
    grading.regrade_quiz(actor=teacher, quiz=attempt.quiz, reason="Too many points")


OPERATIONS: dict[str, Callable[[Attempt], Any]] = {
    "save": save,
    "submit": submit,
    "close": close,
    "grade": grade,
    "regrade": regrade,
}


@pytest.mark.quality("V06")
@pytest.mark.parametrize(("operation", "state"), every_case(ATTEMPT))
@pytest.mark.parametrize("is_stale", [False, True], ids=["fresh", "stale"])
def test_every_operation_on_every_state_of_an_attempt(
    bob: User, quiz: Quiz, operation: str, state: AttemptState, is_stale: bool
) -> None:
    """In the stale case the service gets an instance that was loaded while the attempt was running."""
    attempt = begin(bob, quiz)
    if state != AttemptState.RUNNING:
        submit(Attempt.objects.get(pk=attempt.pk))
    if state == AttemptState.GRADED:
        grade(Attempt.objects.get(pk=attempt.pk))
    instance = attempt if is_stale else Attempt.objects.get(pk=attempt.pk)
    assert_follows(
        ATTEMPT,
        operation,
        state,
        lambda: OPERATIONS[operation](instance),
        lambda: Attempt.objects.get(pk=attempt.pk).state,
    )
