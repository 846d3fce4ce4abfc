"""The read-only admin of quizzes and attempts, and its actions."""

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
    """Dan's browser with administrator permissions."""
    dan.is_staff = dan.is_superuser = True
    dan.save()
    return browser_of(dan)


def test_staff_read_an_attempt_with_its_journal_and_marks(staff: Client, bob: User, attempt: Attempt) -> None:
    answers = answers_for(attempt, RIGHT)
    attempts.save_answers(actor=bob, attempt=attempt, answers=answers, seq=7)
    attempts.submit_attempt(actor=bob, attempt=attempt)
    attempt.refresh_from_db()
    found = staff.get("/admin/quizzes/attempt/", {"q": attempt.receipt})
    assert bob.full_name in found.content.decode()
    page = staff.get(f"/admin/quizzes/attempt/{attempt.pk}/change/").content.decode()
    assert "kanarienvogela" in page
    assert "Which leaf is green tea?" in page
    assert 'name="_save"' not in page


@pytest.mark.parametrize("name", LISTS)
def test_the_admin_lists_and_searches_but_changes_no_rows(staff: Client, name: str, attempt: Attempt) -> None:
    rows = {"quiz": attempt.quiz_id, "attempt": attempt.pk, "questionversion": QuestionVersion.objects.all()[0].pk}
    assert staff.get(f"/admin/quizzes/{name}/", {"q": "Leaves"}).status_code == 200
    assert staff.get(f"/admin/quizzes/{name}/{rows[name]}/change/").status_code == 200
    assert staff.post(f"/admin/quizzes/{name}/{rows[name]}/change/", {"title": "Mine"}).status_code == 403
    assert staff.get(f"/admin/quizzes/{name}/{rows[name]}/delete/").status_code == 403
    assert staff.get(f"/admin/quizzes/{name}/add/").status_code == 403


def test_staff_publish_and_unpublish_through_the_service(staff: Client, quiz: Quiz) -> None:
    for action, published in (("unpublish", False), ("publish", True)):
        staff.post("/admin/quizzes/quiz/", {"action": action, "_selected_action": [str(quiz.pk)]})
        quiz.refresh_from_db()
        assert quiz.is_published is published
    quiz.questions.update(is_deleted=True)
    staff.post("/admin/quizzes/quiz/", {"action": "unpublish", "_selected_action": [str(quiz.pk)]})
    page = staff.post(
        "/admin/quizzes/quiz/", {"action": "publish", "_selected_action": [str(quiz.pk)]}, follow=True
    ).content.decode()
    assert "Add at least one question first." in page


def test_staff_submit_overdue_attempts_only(staff: Client, attempt: Attempt) -> None:
    chosen = {"action": "submit_overdue", "_selected_action": [str(attempt.pk)]}
    staff.post("/admin/quizzes/attempt/", chosen)
    attempt.refresh_from_db()
    assert attempt.is_running
    early = timezone.now() - timedelta(hours=2)
    Attempt.objects.update(started_at=early, expires_at=early + timedelta(minutes=30))
    staff.post("/admin/quizzes/attempt/", chosen)
    attempt.refresh_from_db()
    assert attempt.by_clock
