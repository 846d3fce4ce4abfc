"""Fixtures: a published quiz with a question of each type, ten points without the essay."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from quizzes import attempts, editor
from quizzes.models import Attempt, Quiz

CANARY = "KANARIENVOGEL"
QUESTIONS: list[dict[str, Any]] = [
    {
        "question_type": "multiple_choice",
        "question_text": "Which leaf is green tea?",
        "points": 2,
        "options": [
            {"id": "a", "text": "Unoxidised", "feedback": f"{CANARY} yes"},
            {"id": "b", "text": "Oxidised", "feedback": f"{CANARY} no"},
        ],
        "correct_answer": "a",
        "explanation": f"{CANARY} one",
    },
    {"question_type": "true_false", "question_text": "Tea is a plant.", "points": 1, "correct_answer": "true"},
    {
        "question_type": "short_answer",
        "question_text": "A tea from Assam is called?",
        "points": 1,
        "correct_answer": f"{CANARY}A",
        "accepted_answers": [f"{CANARY}B"],
    },
    {
        "question_type": "multiple_select",
        "question_text": "Which are teas?",
        "points": 2,
        "options": [{"id": "x", "text": "Oolong"}, {"id": "y", "text": "Pu-erh"}, {"id": "z", "text": "Rooibos"}],
        "correct_answer": ["x", "y"],
    },
    {
        "question_type": "numeric",
        "question_text": "How hot, in degrees?",
        "points": 2,
        "correct_answer": 80.125,
        "tolerance": 0.5,
    },
    {
        "question_type": "matching",
        "question_text": "Match leaf and land.",
        "points": 2,
        "options": {
            "left": [{"id": "l1", "text": "Sencha"}, {"id": "l2", "text": "Darjeeling"}],
            "right": [{"id": "r1", "text": "Japan"}, {"id": "r2", "text": "India"}],
        },
        "correct_answer": {"l1": "r1", "l2": "r2"},
    },
]
ESSAY = {"question_type": "essay", "question_text": "Write about water.", "points": 4}
RIGHT: list[Any] = ["a", True, f" {CANARY.lower()}a ", ["x", "y"], 80, {"l1": "r1", "l2": "r2"}]
WRONG: list[Any] = ["b", False, "no", ["z"], 1, {"l1": "r2", "l2": "r1"}]


def make_quiz(teacher: User, course: Course, questions: list[dict[str, Any]] | None = None, **fields: Any) -> Quiz:
    """Create a published quiz."""
    quiz = editor.create_quiz(actor=teacher, course=course, **{"title": "Leaves", **fields})
    for question in QUESTIONS if questions is None else questions:
        editor.add_question(actor=teacher, quiz=quiz, **question)
    return editor.set_published(actor=teacher, quiz=quiz, published=True)


def answers_for(attempt: Attempt, values: list[Any]) -> dict[str, Any]:
    """Return answers by question id, in the order of the quiz."""
    ids = [str(pk) for pk in attempt.quiz.questions.order_by("order").values_list("pk", flat=True)]
    return dict(zip(ids, values, strict=False))


def begin(user: User, quiz: Quiz) -> Attempt:
    """Start an attempt and return it."""
    return attempts.start_attempt(actor=user, quiz=quiz)[0]


@pytest.fixture
def quiz(alice: User, course: Course, enrollment: Enrollment) -> Quiz:
    """Alice's published quiz of ten points, which Bob may take once."""
    return make_quiz(alice, course, max_attempts=1, time_limit_minutes=30)


@pytest.fixture
def attempt(bob: User, quiz: Quiz) -> Attempt:
    """Bob's running attempt."""
    return begin(bob, quiz)


@pytest.fixture
def statements(django_assert_max_num_queries: Any) -> Callable[[int], Any]:
    """Return a context manager that limits the number of statements."""
    return lambda limit: django_assert_max_num_queries(limit)
