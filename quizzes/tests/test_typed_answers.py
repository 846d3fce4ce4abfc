"""Answers as people type and paste them: the same table on the API and on the page."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from quizzes import attempts, editor, grading
from quizzes.models import Attempt, Quiz
from quizzes.results import get_question_results
from quizzes.tests.conftest import answers_for, begin, make_quiz

SAME = [
    ("don't", "don\u2019t"),
    ("don\u2019t", "don't"),
    ("don't", "don\u2018t"),
    ("rock 'n' roll", "Rock \u2018n\u2019 Roll"),
    ('"tea"', "\u201ctea\u201d"),
    ("\u201etea\u201c", '"tea"'),
    ("pu-erh", "pu\u2011erh"),
    ("pu-erh", "pu\u2010erh"),
    ("pu-erh", "pu\u2013erh"),
    ("-5 \u00b0C", "\u22125 \u00b0C"),
    ("istanbul", "\u0130stanbul"),
    ("\u0130stanbul", "ISTANBUL"),
    ("DIYARBAKIR", "d\u0131yarbak\u0131r"),
    ("oolong", "oo\u00adlong"),
    ("oolong", "\u200boolong\u200e"),
    ("green tea", "green\u00a0 tea"),
    ("\u00e9cole", "e\u0301cole"),
    ("stra\u00dfe", "STRASSE"),
]
DIFFERENT = [("well", "we'll"), ("resign", "re-sign"), ("\u00e9cole", "ecole"), ("5", "-5"), ("a b", "ab")]


def short_answer_quiz(teacher: User, course: Course, key: str) -> Quiz:
    question = {"question_type": "short_answer", "question_text": "?", "points": 1, "correct_answer": key}
    return make_quiz(teacher, course, [question], max_attempts=2)


def points_on_both(api: Any, page: Any, user: User, quiz: Quiz, typed: str) -> list[int]:
    """Answer on the API and on the page; return the points of both attempts."""
    for_api = begin(user, quiz)
    path = f"/api/v1/quizzes/{quiz.pk}/attempts/{for_api.pk}/submit"
    assert api.post(path, {"answers": answers_for(for_api, [typed])}).status_code == 200
    for_page = begin(user, quiz)
    (question_id,) = answers_for(for_page, [typed])
    fields = {f"q-{question_id}": typed, "action": "submit"}
    assert page.post(reverse("quizzes:take", args=[for_page.pk]), fields).status_code == 302
    return [int(Attempt.objects.get(pk=one.pk).points_earned or 0) for one in (for_api, for_page)]


@pytest.mark.parametrize(("key", "typed"), SAME, ids=ascii)
def test_typographic_variants_of_a_short_answer_are_correct(
    key: str, typed: str, alice: User, bob: User, course: Course, enrollment: Enrollment, api_of: Any, browser_of: Any
) -> None:
    quiz = short_answer_quiz(alice, course, key)
    assert points_on_both(api_of(bob), browser_of(bob), bob, quiz, typed) == [1, 1]
    stored = list(Attempt.objects.order_by("number"))
    assert [saved["answer"] for one in stored for saved in attempts.load_saved_answers(one).values()] == [typed, typed]


@pytest.mark.parametrize(("key", "typed"), DIFFERENT, ids=ascii)
def test_other_short_answers_stay_wrong(
    key: str, typed: str, alice: User, bob: User, course: Course, enrollment: Enrollment, api_of: Any, browser_of: Any
) -> None:
    quiz = short_answer_quiz(alice, course, key)
    assert points_on_both(api_of(bob), browser_of(bob), bob, quiz, typed) == [0, 0]


def test_a_regrade_compares_earlier_answers_as_stored(
    alice: User, bob: User, course: Course, enrollment: Enrollment
) -> None:
    quiz = short_answer_quiz(alice, course, "another key")
    attempt = begin(bob, quiz)
    attempts.submit_attempt(actor=bob, attempt=attempt, answers=answers_for(attempt, ["don\u2019t"]))
    editor.change_question(actor=alice, question=quiz.questions.get(), correct_answer="don't")
    grading.regrade_quiz(actor=alice, quiz=quiz, reason="The key was wrong.")
    attempt.refresh_from_db()
    assert attempt.points_earned == 1
    (question,) = get_question_results(quiz)
    assert [(choice.answer, choice.is_correct) for choice in question.choices] == [("don\u2019t", True)]
