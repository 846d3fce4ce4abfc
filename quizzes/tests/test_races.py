"""Races between starts, saves and submissions."""

from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from accounts.models import User
from enrollments.models import GradeEntry
from quizzes import attempts
from quizzes.models import AnswerEvent, Attempt, Mark, Quiz
from quizzes.tests.conftest import QUESTIONS, RIGHT, WRONG, answers_for
from tools.testing.races import MAX_ROUNDS, count_outcomes, run_concurrently

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.mark.quality("Q02")
def test_fifty_simultaneous_starts_create_one_attempt(bob: User, quiz: Quiz) -> None:
    outcomes: list[Any] = run_concurrently(50, lambda _number: attempts.start_attempt(actor=bob, quiz=quiz))
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    assert sum(made for _attempt, made in outcomes) == 1
    assert len({attempt.pk for attempt, _made in outcomes}) == 1
    attempts.submit_attempt(actor=bob, attempt=outcomes[0][0])
    again = run_concurrently(10, lambda _number: attempts.start_attempt(actor=bob, quiz=quiz))
    assert count_outcomes(again) == {"no_attempts_left": 10}
    assert Attempt.objects.count() == 1


@pytest.mark.quality("Q02")
def test_control_without_lock_and_constraints_several_attempts_start(
    bob: User, quiz: Quiz, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = [rule for rule in Attempt._meta.constraints if rule.name in ONE_ATTEMPT]
    with connection.schema_editor() as editor:
        for rule in rules:
            editor.remove_constraint(Attempt, rule)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(QuerySet, "select_for_update", lambda self, *args, **kwargs: self)
            assert any(_starts_several_attempts(bob, quiz) for _round in range(MAX_ROUNDS))
    finally:
        Attempt.objects.all().delete()
        with connection.schema_editor() as editor:
            for rule in rules:
                editor.add_constraint(Attempt, rule)


def _starts_several_attempts(student: User, quiz: Quiz) -> bool:
    Attempt.objects.all().delete()
    run_concurrently(30, lambda _number: attempts.start_attempt(actor=student, quiz=quiz))
    return Attempt.objects.count() > 1


ONE_ATTEMPT = ("quizzes_attempt_one_running", "quizzes_attempt_number_once")


@pytest.mark.quality("Q03")
def test_of_twenty_simultaneous_submissions_one_is_graded(bob: User, attempt: Attempt) -> None:
    right, wrong = answers_for(attempt, RIGHT), answers_for(attempt, WRONG)
    outcomes: list[Any] = run_concurrently(
        20, lambda number: attempts.submit_attempt(actor=bob, attempt=attempt, answers=right if number % 2 else wrong)
    )
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    attempt.refresh_from_db()
    assert {one.score for one in outcomes} == {attempt.score}
    assert {one.submitted_at for one in outcomes} == {attempt.submitted_at}
    # Answers are normalized when stored, so the winner is identified by the score.
    winner = right if attempt.score == 100 else wrong
    assert attempt.answers == winner
    assert (Mark.objects.count(), GradeEntry.objects.count()) == (len(QUESTIONS), 1)


@pytest.mark.quality("Q06")
def test_every_save_acknowledged_before_the_submission_is_graded(bob: User, attempt: Attempt) -> None:
    keys, values = list(attempt.version_ids), RIGHT

    def act(number: int) -> Any:
        if number == 20:
            return attempts.submit_attempt(actor=bob, attempt=attempt)
        place = number % len(keys)
        return attempts.save_answers(actor=bob, attempt=attempt, answers={keys[place]: values[place]})

    outcomes = run_concurrently(30, act)
    refused = [one for one in outcomes if isinstance(one, Exception)]
    assert {getattr(one, "code", str(one)) for one in refused} <= {"attempt_closed"}
    acknowledged = sum(isinstance(one, attempts.SaveResult) for one in outcomes)
    attempt.refresh_from_db()
    journal = list(AnswerEvent.objects.filter(attempt=attempt))
    assert len(journal) == acknowledged
    assert attempt.answers.keys() == {str(event.question_id) for event in journal}
