"""Answers as people type and paste them: the same table on the API and on the page."""

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from core.text.numbers import parse_number
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


NUMBER = {"question_type": "numeric", "question_text": "?", "points": 1, "correct_answer": 1000}


@pytest.mark.parametrize("typed", ["1 000", "1,000.0", "1x10^3", "1e3", "1\u202f000"])
def test_numbers_are_read_alike_on_the_page_and_the_api(
    typed: str, alice: User, bob: User, course: Course, enrollment: Enrollment, api_of: Any, browser_of: Any
) -> None:
    quiz = make_quiz(alice, course, [NUMBER], max_attempts=2)
    assert points_on_both(api_of(bob), browser_of(bob), bob, quiz, typed) == [1, 1]


@pytest.mark.parametrize("typed", ["0x3E8", "1_000", "a thousand"])
def test_a_text_that_is_no_number_is_refused(
    typed: str, alice: User, bob: User, course: Course, enrollment: Enrollment, api_of: Any
) -> None:
    attempt = begin(bob, make_quiz(alice, course, [NUMBER]))
    path = f"/api/v1/quizzes/{attempt.quiz_id}/attempts/{attempt.pk}/answers"
    assert api_of(bob).put(path, {"answers": answers_for(attempt, [typed])}).status_code == 400


def test_the_acknowledgment_contains_the_number_as_understood(
    alice: User, bob: User, course: Course, enrollment: Enrollment, api_of: Any
) -> None:
    attempt = begin(bob, make_quiz(alice, course, [NUMBER]))
    path = f"/api/v1/quizzes/{attempt.quiz_id}/attempts/{attempt.pk}/answers"
    typed = answers_for(attempt, ["1,000"])
    assert api_of(bob).put(path, {"answers": typed}).json()["answers"] == dict.fromkeys(typed, 1000)
    german = api_of(bob).put(path, {"answers": typed}, headers={"accept-language": "de"}).json()
    assert german["answers"] == dict.fromkeys(typed, 1000)  # the site has no German pages


@pytest.mark.parametrize(
    ("typed", "stored"),
    [("6.022e23", 6.022e23), ("0.00000000001", 1e-11), ("6.626 x 10^-34", 6.626e-34), ("1,000", 1000), ("\u22125", -5)],
)
def test_keys_of_numeric_questions_are_read_like_answers(
    typed: str, stored: float, alice: User, course: Course, browser_of: Any
) -> None:
    quiz = editor.create_quiz(actor=alice, course=course, title="Leaves")
    fields = {"question_text": "?", "points": "1", "explanation": "", "correct_answer": typed, "tolerance": "0,5"}
    answer = browser_of(alice).post(f"/teach/quizzes/{quiz.pk}/questions/new/?type=numeric", fields)
    assert answer.status_code == 302, answer.context["form"].errors
    current = quiz.questions.get().current
    # PostgreSQL returns a large number from JSON as an integer.
    assert (Decimal(str(current.correct_answer)), current.tolerance) == (Decimal(str(stored)), 0.5)
    again = browser_of(alice).get(f"/teach/quizzes/{quiz.pk}/questions/{quiz.questions.get().pk}/")
    initial = {name: again.context["form"][name].value() for name in ("correct_answer", "tolerance")}
    assert parse_number(initial["correct_answer"], "en") == Decimal(str(stored))


@pytest.mark.parametrize(("typed", "message"), [("many", "Enter a number."), ("-1", "at least 0")])
def test_a_tolerance_that_is_no_number_or_negative_is_refused(
    typed: str, message: str, alice: User, course: Course, browser_of: Any
) -> None:
    quiz = editor.create_quiz(actor=alice, course=course, title="Leaves")
    fields = {"question_text": "?", "points": "1", "explanation": "", "correct_answer": "1", "tolerance": typed}
    answer = browser_of(alice).post(f"/teach/quizzes/{quiz.pk}/questions/new/?type=numeric", fields)
    assert message in answer.text
    assert quiz.questions.count() == 0
