"""No byte that a student can get gives a key away (QUALITY Q01); and what the clock closes (Q07)."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from quizzes import attempts
from quizzes.attempts import GRACE
from quizzes.models import Attempt, Quiz
from quizzes.serializers import AskedQuestionSerializer
from quizzes.tasks import close_overdue
from quizzes.tests.conftest import CANARY, RIGHT, WRONG, answers_for, begin, make_quiz

FORBIDDEN = [CANARY, CANARY.lower(), "is_correct", '"correct_answer"', "accepted_answers", "explanation", "80.125"]


def everything_said_to(client: APIClient, browser: Client, attempt: Attempt) -> bytes:
    """Every answer that a student can get about an attempt, pages and errors included."""
    base = f"/api/v1/quizzes/{attempt.quiz_id}"
    own = f"{base}/attempts/{attempt.pk}"
    key = next(iter(attempt.version_ids))
    said = [client.get(path) for path in ("/api/v1/quizzes/", base, f"{base}/attempts/", own, f"{base}/questions/")]
    said += [client.get(f"{base}/results"), client.get(f"{base}/results.csv"), client.get(f"{base}/regrade")]
    said += [client.options(path) for path in (base, own, f"{own}/answers", f"{own}/submit", f"{base}/questions/")]
    said += [client.post(f"{base}/attempts"), client.get("/api/v1/notifications/"), client.get("/api/v1/enrollments/")]
    for body in ({key: "a"}, {key: "none"}, {key: 7}, {"none": 1}):
        said.append(client.put(f"{own}/answers", {"answers": body, "seq": 3}, format="json"))
        said.append(client.put(f"{own}/answers", {"answers": body, "seq": 1}, format="json"))
    pages = [
        f"/quizzes/{attempt.quiz_id}/",
        f"/quizzes/attempts/{attempt.pk}/",
        f"/quizzes/attempts/{attempt.pk}/review/",
    ]
    said += [browser.get(page, follow=True) for page in pages]
    return b"\n".join(answer.content for answer in said)


@pytest.mark.quality("Q01")
@pytest.mark.parametrize("show", ["never", "after_pass"])
def test_no_key_reaches_a_student_before_it_may(
    show: str,
    api_of: Callable[..., APIClient],
    browser_of: Callable[..., Client],
    alice: User,
    bob: User,
    course: Course,
    enrollment: Enrollment,
) -> None:
    quiz = make_quiz(alice, course, show_answers=show, max_attempts=3)
    attempt = begin(bob, quiz)
    client, browser = api_of(bob), browser_of(bob)
    running = everything_said_to(client, browser, attempt)
    attempts.submit(actor=bob, attempt=attempt, answers=answers_for(attempt, WRONG))
    submitted = everything_said_to(client, browser, attempt)
    for said in (running, submitted):
        text = said.decode()
        assert "Which leaf is green tea?" in text  # the scan sees the questions
        assert [word for word in FORBIDDEN if word in text] == []


@pytest.mark.quality("Q01")
@pytest.mark.parametrize(
    ("show", "answers", "shown"),
    [("never", RIGHT, False), ("after_submit", WRONG, True), ("after_pass", WRONG, False), ("after_pass", RIGHT, True)],
)
def test_the_quiz_says_when_keys_are_shown(
    show: str,
    answers: list[Any],
    shown: bool,
    api_of: Callable[..., APIClient],
    alice: User,
    bob: User,
    course: Course,
    enrollment: Enrollment,
) -> None:
    attempt = begin(bob, make_quiz(alice, course, show_answers=show))
    attempts.submit(actor=bob, attempt=attempt, answers=answers_for(attempt, answers))
    body = api_of(bob).get(f"/api/v1/quizzes/{attempt.quiz_id}/attempts/{attempt.pk}").json()
    assert bool(body["keys"]) is shown
    assert (f"{CANARY} one" in json.dumps(body)) is shown


@pytest.mark.quality("Q01")
def test_the_serializer_of_what_is_asked_has_no_field_for_a_key() -> None:
    assert set(AskedQuestionSerializer().fields) == {
        "id", "question_text", "question_html", "question_type", "points", "order", "options"
    }  # fmt: skip


@pytest.mark.quality("Q07")
def test_an_attempt_left_open_is_graded_once_and_counts_as_one(
    alice: User, bob: User, attempt: Attempt, quiz: Quiz
) -> None:
    answers = answers_for(attempt, RIGHT)
    attempts.save_answers(actor=bob, attempt=attempt, answers=answers)
    assert close_overdue() == 0
    with time_machine.travel(timezone.now() + timedelta(minutes=30) + GRACE + timedelta(seconds=1), tick=False):
        assert close_overdue() == 1
        assert close_overdue() == 0
        with pytest.raises(attempts.AttemptError) as refused:
            attempts.start(actor=bob, quiz=quiz)
    assert refused.value.code == "no_attempts_left"
    attempt.refresh_from_db()
    assert (attempt.score, attempt.by_clock) == (100, True)
    assert bob.notifications.filter(event="quiz_graded").count() == 1


@pytest.mark.quality("Q07")
def test_reading_an_expired_attempt_closes_it(api_of: Callable[..., APIClient], bob: User, attempt: Attempt) -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=False):
        body = api_of(bob).get(f"/api/v1/quizzes/{attempt.quiz_id}/attempts/{attempt.pk}").json()
    assert body["submitted_at"] is not None
