"""Keys never reach students early (quality row Q01); overdue attempts are closed (Q07)."""

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


def collect_responses(client: APIClient, browser: Client, attempt: Attempt) -> bytes:
    """Return all responses that a student can get about an attempt, including pages and errors."""
    base = f"/api/v1/quizzes/{attempt.quiz_id}"
    own = f"{base}/attempts/{attempt.pk}"
    key = next(iter(attempt.version_ids))
    responses = [
        client.get(path) for path in ("/api/v1/quizzes/", base, f"{base}/attempts/", own, f"{base}/questions/")
    ]
    responses += [client.get(f"{base}/results"), client.get(f"{base}/results.csv"), client.get(f"{base}/regrade")]
    responses += [client.options(path) for path in (base, own, f"{own}/answers", f"{own}/submit", f"{base}/questions/")]
    responses += [
        client.post(f"{base}/attempts"),
        client.get("/api/v1/notifications/"),
        client.get("/api/v1/enrollments/"),
    ]
    for body in ({key: "a"}, {key: "none"}, {key: 7}, {"none": 1}):
        responses.append(client.put(f"{own}/answers", {"answers": body, "seq": 3}, format="json"))
        responses.append(client.put(f"{own}/answers", {"answers": body, "seq": 1}, format="json"))
    pages = [
        f"/quizzes/{attempt.quiz_id}/",
        f"/quizzes/attempts/{attempt.pk}/",
        f"/quizzes/attempts/{attempt.pk}/review/",
    ]
    responses += [browser.get(page, follow=True) for page in pages]
    return b"\n".join(response.content for response in responses)


@pytest.mark.quality("Q01")
@pytest.mark.parametrize("show", ["never", "after_pass"])
def test_students_get_no_key_before_they_may_see_it(
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
    running = collect_responses(client, browser, attempt)
    attempts.submit_attempt(actor=bob, attempt=attempt, answers=answers_for(attempt, WRONG))
    submitted = collect_responses(client, browser, attempt)
    for content in (running, submitted):
        text = content.decode()
        assert "Which leaf is green tea?" in text  # the responses contain the questions
        assert [word for word in FORBIDDEN if word in text] == []


@pytest.mark.quality("Q01")
@pytest.mark.parametrize(
    ("show", "answers", "is_visible"),
    [("never", RIGHT, False), ("after_submit", WRONG, True), ("after_pass", WRONG, False), ("after_pass", RIGHT, True)],
)
def test_keys_are_visible_by_the_setting_of_the_quiz(
    show: str,
    answers: list[Any],
    is_visible: bool,
    api_of: Callable[..., APIClient],
    alice: User,
    bob: User,
    course: Course,
    enrollment: Enrollment,
) -> None:
    attempt = begin(bob, make_quiz(alice, course, show_answers=show))
    attempts.submit_attempt(actor=bob, attempt=attempt, answers=answers_for(attempt, answers))
    body = api_of(bob).get(f"/api/v1/quizzes/{attempt.quiz_id}/attempts/{attempt.pk}").json()
    assert bool(body["keys"]) is is_visible
    assert (f"{CANARY} one" in json.dumps(body)) is is_visible


@pytest.mark.quality("Q01")
def test_the_student_question_serializer_has_no_field_for_a_key() -> None:
    assert set(AskedQuestionSerializer().fields) == {
        "id", "question_text", "question_html", "question_type", "points", "order", "options"
    }  # fmt: skip


@pytest.mark.quality("Q07")
def test_an_overdue_attempt_is_graded_once_and_counts_as_an_attempt(
    alice: User, bob: User, attempt: Attempt, quiz: Quiz
) -> None:
    answers = answers_for(attempt, RIGHT)
    attempts.save_answers(actor=bob, attempt=attempt, answers=answers)
    assert close_overdue() == 0
    with time_machine.travel(timezone.now() + timedelta(minutes=30) + GRACE + timedelta(seconds=1), tick=False):
        assert close_overdue() == 1
        assert close_overdue() == 0
        with pytest.raises(attempts.AttemptError) as raised:
            attempts.start_attempt(actor=bob, quiz=quiz)
    assert raised.value.code == "no_attempts_left"
    attempt.refresh_from_db()
    assert (attempt.score, attempt.by_clock) == (100, True)
    assert bob.notifications.filter(event="quiz_graded").count() == 1


@pytest.mark.quality("Q07")
def test_reading_an_expired_attempt_closes_it(api_of: Callable[..., APIClient], bob: User, attempt: Attempt) -> None:
    with time_machine.travel(timezone.now() + timedelta(hours=1), tick=False):
        body = api_of(bob).get(f"/api/v1/quizzes/{attempt.quiz_id}/attempts/{attempt.pk}").json()
    assert body["submitted_at"] is not None
