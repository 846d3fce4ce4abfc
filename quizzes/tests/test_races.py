"""Many at once: one attempt, one grading, every acknowledged answer."""

from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet

from accounts.models import User
from enrollments.models import GradeEntry
from lms.testing.racing import MOST_ROUNDS, at_once, kinds
from quizzes import attempts
from quizzes.models import AnswerEvent, Attempt, Mark, Quiz
from quizzes.tests.conftest import QUESTIONS, RIGHT, WRONG, answers_for

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.mark.quality("Q02")
def test_of_fifty_starts_at_once_one_attempt_begins(bob: User, quiz: Quiz) -> None:
    outcomes: list[Any] = at_once(50, lambda _number: attempts.start(actor=bob, quiz=quiz))
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    assert sum(made for _attempt, made in outcomes) == 1
    assert len({attempt.pk for attempt, _made in outcomes}) == 1
    attempts.submit(actor=bob, attempt=outcomes[0][0])
    again = at_once(10, lambda _number: attempts.start(actor=bob, quiz=quiz))
    assert kinds(again) == {"no_attempts_left": 10}
    assert Attempt.objects.count() == 1


@pytest.mark.quality("Q02")
def test_control_without_lock_and_constraints_more_than_one_begins(
    bob: User, quiz: Quiz, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = [rule for rule in Attempt._meta.constraints if rule.name in ONE_ATTEMPT]
    with connection.schema_editor() as editor:
        for rule in rules:
            editor.remove_constraint(Attempt, rule)
    try:
        with monkeypatch.context() as patched:
            patched.setattr(QuerySet, "select_for_update", lambda self, *args, **kwargs: self)
            assert any(_more_than_one_begins(bob, quiz) for _round in range(MOST_ROUNDS))
    finally:
        Attempt.objects.all().delete()
        with connection.schema_editor() as editor:
            for rule in rules:
                editor.add_constraint(Attempt, rule)


def _more_than_one_begins(student: User, quiz: Quiz) -> bool:
    Attempt.objects.all().delete()
    at_once(30, lambda _number: attempts.start(actor=student, quiz=quiz))
    return Attempt.objects.count() > 1


ONE_ATTEMPT = ("quizzes_attempt_one_running", "quizzes_attempt_number_once")


@pytest.mark.quality("Q03")
def test_of_twenty_submissions_at_once_one_is_graded(bob: User, attempt: Attempt) -> None:
    right, wrong = answers_for(attempt, RIGHT), answers_for(attempt, WRONG)
    outcomes: list[Any] = at_once(
        20, lambda number: attempts.submit(actor=bob, attempt=attempt, answers=right if number % 2 else wrong)
    )
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    attempt.refresh_from_db()
    assert {one.score for one in outcomes} == {attempt.score}
    assert {one.submitted_at for one in outcomes} == {attempt.submitted_at}
    # Trimmed and sorted when stored, so the winner is told by its first answer.
    winner = right if attempt.score == 100 else wrong
    assert attempt.answers == winner
    assert (Mark.objects.count(), GradeEntry.objects.count()) == (len(QUESTIONS), 1)


@pytest.mark.quality("Q06")
def test_every_save_that_was_acknowledged_before_the_submission_is_graded(bob: User, attempt: Attempt) -> None:
    keys, values = list(attempt.version_ids), RIGHT

    def act(number: int) -> Any:
        if number == 20:
            return attempts.submit(actor=bob, attempt=attempt)
        place = number % len(keys)
        return attempts.save_answers(actor=bob, attempt=attempt, answers={keys[place]: values[place]})

    outcomes = at_once(30, act)
    refused = [one for one in outcomes if isinstance(one, Exception)]
    assert {getattr(one, "code", str(one)) for one in refused} <= {"attempt_closed"}
    acknowledged = sum(isinstance(one, attempts.Saved) for one in outcomes)
    attempt.refresh_from_db()
    journal = list(AnswerEvent.objects.filter(attempt=attempt))
    assert len(journal) == acknowledged
    assert attempt.answers.keys() == {str(event.question_id) for event in journal}
