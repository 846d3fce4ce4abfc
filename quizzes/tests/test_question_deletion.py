"""Deleting a question asks for confirmation with the effects, and can be undone."""

from collections.abc import Callable

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from quizzes import attempts, editor, grading
from quizzes.models import Attempt, Question, Quiz
from quizzes.tests.conftest import ESSAY, QUESTIONS, RIGHT, answers_for, begin, make_quiz


@pytest.fixture
def taken(bob: User, quiz: Quiz) -> Question:
    """The first question of a quiz that Bob has taken; it has two points."""
    attempt = begin(bob, quiz)
    attempts.submit_attempt(actor=bob, attempt=attempt, answers=answers_for(attempt, RIGHT))
    return quiz.questions.order_by("order")[0]


def test_the_page_says_what_is_lost_and_deletes_nothing(
    alice: User, taken: Question, browser_of: Callable[[User], Client]
) -> None:
    address = f"/teach/quizzes/{taken.quiz_id}/questions/{taken.pk}/delete/"
    html = browser_of(alice).get(address).content.decode()
    assert "The quiz loses 2 points" in html
    assert "1 submitted attempt has an answer" in html
    taken.refresh_from_db()
    assert not taken.is_deleted
    link = f'href="{address}"'
    assert link in browser_of(alice).get(f"/teach/quizzes/{taken.quiz_id}/").content.decode()


def test_a_deleted_question_can_be_restored_in_its_place(
    alice: User, taken: Question, browser_of: Callable[[User], Client]
) -> None:
    browser, base = browser_of(alice), f"/teach/quizzes/{taken.quiz_id}/"
    before = list(taken.quiz.questions.present().values_list("pk", flat=True))
    answer = browser.post(f"{base}questions/{taken.pk}/delete/", follow=True)
    assert "Undo" in answer.content.decode()
    assert Quiz.objects.get(pk=taken.quiz_id).points_possible == 8
    browser.post(f"{base}questions/{taken.pk}/restore/")
    assert list(taken.quiz.questions.present().values_list("pk", flat=True)) == before
    assert Quiz.objects.get(pk=taken.quiz_id).points_possible == 10
    assert "Undo" not in browser.get(f"{base}?deleted={taken.pk}").content.decode()
    assert browser.get(f"{base}?deleted=nonsense").status_code == 200


def test_a_full_quiz_takes_no_question_back(alice: User, taken: Question, monkeypatch: pytest.MonkeyPatch) -> None:
    editor.delete_question(actor=alice, question=taken)
    monkeypatch.setattr(editor, "MAX_QUESTIONS", 5)
    with pytest.raises(editor.QuizError, match="at most 5"):
        editor.restore_question(actor=alice, question=taken)


def test_the_regrade_preview_shows_changes_of_attempts_that_await_grading(
    alice: User, bob: User, course: Course, enrollment: Enrollment, browser_of: Callable[[User], Client]
) -> None:
    choice = {"question_type": "true_false", "question_text": "Tea is a plant.", "points": 3, "correct_answer": "true"}
    quiz = make_quiz(alice, course, [choice, ESSAY])
    attempt = begin(bob, quiz)
    attempts.submit_attempt(actor=bob, attempt=attempt, answers=answers_for(attempt, [False, "Soft."]))
    editor.change_question(actor=alice, question=quiz.questions.get(order=1), correct_answer="false")
    [result] = grading.preview_regrade(quiz)
    assert (result.before, result.after, result.is_changed) == (None, None, True)
    assert (result.graded_before, result.graded_after) == (0, 3)
    html = browser_of(alice).get(f"/teach/quizzes/{quiz.pk}/regrade/").content.decode()
    assert "<strong>3 / 7</strong>" in html
    assert "no change" not in html
    grading.regrade_quiz(actor=alice, quiz=quiz, reason="Wrong key")
    assert Attempt.objects.get(pk=attempt.pk).passed is None
    assert grading.preview_regrade(quiz) == []


def test_the_api_restores_a_deleted_question(
    alice: User, bob: User, taken: Question, api_of: Callable[[User], APIClient]
) -> None:
    address = f"/api/v1/quizzes/{taken.quiz_id}/questions/{taken.pk}"
    client = api_of(alice)
    before = [row["id"] for row in client.get(f"/api/v1/quizzes/{taken.quiz_id}/questions/").json()["results"]]
    assert client.delete(address).status_code == 204
    assert client.get(address).status_code == 404
    assert api_of(bob).post(f"{address}/restore").status_code == 403
    for _repeat in range(2):
        restored = client.post(f"{address}/restore")
        assert (restored.status_code, restored.json()["id"]) == (200, str(taken.pk))
    after = client.get(f"/api/v1/quizzes/{taken.quiz_id}/questions/").json()["results"]
    assert [row["id"] for row in after] == before
    assert client.post(f"/api/v1/quizzes/{taken.quiz_id}/questions/nonsense/restore").status_code == 404


def test_only_editors_of_the_quiz_delete_and_restore_questions(alice: User, erin: User, course: Course) -> None:
    quiz = make_quiz(alice, course, QUESTIONS)
    question = quiz.questions.first()
    for change in (editor.delete_question, editor.restore_question):
        with pytest.raises(editor.QuizError) as refused:
            change(actor=erin, question=question)
        assert refused.value.code == "not_your_quiz"
    assert not Question.objects.get(pk=question.pk).is_deleted
