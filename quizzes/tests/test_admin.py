"""Staff find quizzes and attempts in the admin, read their whole history, and change nothing but by the services."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from quizzes import attempts
from quizzes.models import Attempt, QuestionVersion, Quiz
from quizzes.tests.conftest import RIGHT, answers_for

LISTS = ("quiz", "questionversion", "attempt")


@pytest.fixture
def staff(browser_of: Callable[..., Client], dan: User) -> Client:
    """Dan's browser, with the rights of an administrator."""
    dan.is_staff = dan.is_superuser = True
    dan.save()
    return browser_of(dan)


def test_staff_read_an_attempt_with_its_journal_and_marks(staff: Client, bob: User, attempt: Attempt) -> None:
    answers = answers_for(attempt, RIGHT)
    attempts.save_answers(actor=bob, attempt=attempt, answers=answers, seq=7)
    attempts.submit(actor=bob, attempt=attempt)
    attempt.refresh_from_db()
    found = staff.get("/admin/quizzes/attempt/", {"q": attempt.receipt})
    assert bob.full_name in found.content.decode()
    page = staff.get(f"/admin/quizzes/attempt/{attempt.pk}/change/").content.decode()
    assert "kanarienvogela" in page
    assert "Which leaf is green tea?" in page
    assert 'name="_save"' not in page


@pytest.mark.parametrize("name", LISTS)
def test_lists_search_and_nothing_is_added_changed_or_deleted(staff: Client, name: str, attempt: Attempt) -> None:
    rows = {"quiz": attempt.quiz_id, "attempt": attempt.pk, "questionversion": QuestionVersion.objects.all()[0].pk}
    assert staff.get(f"/admin/quizzes/{name}/", {"q": "Leaves"}).status_code == 200
    assert staff.get(f"/admin/quizzes/{name}/{rows[name]}/change/").status_code == 200
    assert staff.post(f"/admin/quizzes/{name}/{rows[name]}/change/", {"title": "Mine"}).status_code == 403
    assert staff.get(f"/admin/quizzes/{name}/{rows[name]}/delete/").status_code == 403
    assert staff.get(f"/admin/quizzes/{name}/add/").status_code == 403


def test_staff_publish_and_take_back_through_the_service(staff: Client, quiz: Quiz) -> None:
    for action, published in (("take_back", False), ("publish", True)):
        staff.post("/admin/quizzes/quiz/", {"action": action, "_selected_action": [str(quiz.pk)]})
        quiz.refresh_from_db()
        assert quiz.is_published is published
    quiz.questions.update(is_deleted=True)
    staff.post("/admin/quizzes/quiz/", {"action": "take_back", "_selected_action": [str(quiz.pk)]})
    said = staff.post(
        "/admin/quizzes/quiz/", {"action": "publish", "_selected_action": [str(quiz.pk)]}, follow=True
    ).content.decode()
    assert "Write at least one question first." in said


def test_staff_hand_in_what_is_overdue_and_only_that(staff: Client, attempt: Attempt) -> None:
    chosen = {"action": "hand_in_overdue", "_selected_action": [str(attempt.pk)]}
    staff.post("/admin/quizzes/attempt/", chosen)
    attempt.refresh_from_db()
    assert attempt.is_running
    early = timezone.now() - timedelta(hours=2)
    Attempt.objects.update(started_at=early, expires_at=early + timedelta(minutes=30))
    staff.post("/admin/quizzes/attempt/", chosen)
    attempt.refresh_from_db()
    assert attempt.by_clock
