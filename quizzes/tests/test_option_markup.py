"""Options, pairs and their feedback are rendered in Markdown, as questions are; answers of students are not."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from quizzes import attempts
from quizzes.models import Attempt, Quiz
from quizzes.templatetags.quizzes import letter
from quizzes.tests.conftest import begin, make_quiz

FORMULA, CODE, HOSTILE = "$x^2$", "`a*b*c`", "<script>alert(1)</script>"
CHOICE: dict[str, Any] = {
    "question_type": "multiple_choice",
    "question_text": "Which?",
    "options": [
        {"id": "a", "text": FORMULA, "is_correct": True, "feedback": "Since `y` and $z$"},
        {"id": "b", "text": CODE},
        {"id": "c", "text": HOSTILE},
    ],
}
MATCHING: dict[str, Any] = {
    "question_type": "matching",
    "question_text": "Match.",
    "options": {
        "left": [{"id": "p", "text": "`left`"}, {"id": "q", "text": "plain"}],
        "right": [{"id": "s", "text": "$r$"}, {"id": "t", "text": HOSTILE}],
    },
    "correct_answer": {"p": "s", "q": "t"},
}
SHORT = {"question_type": "short_answer", "question_text": "Name it.", "correct_answer": "`x`"}


@pytest.fixture
def taken(alice: User, bob: User, course: Course, enrollment: Enrollment) -> Attempt:
    """Bob's running attempt at a quiz with markup in its options."""
    fields = {"show_answers": "after_submit", "show_score": True, "show_feedback": True}
    return begin(bob, make_quiz(alice, course, [CHOICE, MATCHING, SHORT], **fields))


def submit(bob: User, attempt: Attempt) -> Quiz:
    values = ["a", {"p": "s", "q": "t"}, "`typed` *x*"]
    answers = dict(zip(attempt.version_ids, values, strict=True))
    attempts.submit_attempt(actor=bob, attempt=attempt, answers=answers)
    return attempt.quiz


def test_options_and_pairs_are_rendered_in_an_attempt(
    taken: Attempt, bob: User, browser_of: Callable[[User], Client]
) -> None:
    html = browser_of(bob).get(f"/quizzes/attempts/{taken.pk}/").content.decode()
    assert html.count("<math") == 2
    assert "<code>a*b*c</code>" in html
    assert "<code>left</code>" in html
    assert "A: $r$" in html or "B: $r$" in html
    assert HOSTILE not in html


@pytest.mark.parametrize("page", ["review", "grading", "results"])
def test_options_are_rendered_with_the_results(
    page: str, taken: Attempt, alice: User, bob: User, browser_of: Callable[[User], Client]
) -> None:
    quiz = submit(bob, taken)
    person, address = {
        "review": (bob, f"/quizzes/attempts/{taken.pk}/review/"),
        "grading": (alice, f"/teach/quizzes/attempts/{taken.pk}/"),
        "results": (alice, f"/teach/quizzes/{quiz.pk}/results/"),
    }[page]
    response = browser_of(person).get(address)
    html = response.content.decode()
    assert response.status_code == 200
    assert "<math" in html
    assert HOSTILE not in html
    assert "`typed` *x*" in html
    if page != "results":
        assert "Since <code>y</code> and <math" in html


def test_letters_continue_after_z() -> None:
    assert [letter(place) for place in (0, 25, 26, 29)] == ["A", "Z", "AA", "AD"]


def test_lists_of_questions_show_signs_as_they_were_typed(
    alice: User, course: Course, browser_of: Callable[[User], Client]
) -> None:
    question = {"question_type": "essay", "question_text": "Is `a < b & c`?", "points": 1}
    quiz = make_quiz(alice, course, [question])
    page = browser_of(alice).get(f"/teach/quizzes/{quiz.pk}/").text
    assert "Is a &lt; b &amp; c?" in page
    assert "&amp;lt;" not in page
