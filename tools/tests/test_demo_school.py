"""Tests of the loaded demo, which is loaded once for this module."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.contrib.auth import authenticate
from django.core import mail
from django.db import connection
from django.test import TestCase, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Role, User
from certificates.models import Certificate
from courses.models import Course, Lesson, Section
from enrollments.models import Enrollment, Review
from instructors.models import Instructor
from quizzes.grading import preview_regrade
from quizzes.models import Attempt, QuestionVersion, Quiz, compute_receipt, fold_journal
from quizzes.question_types import TYPES
from realtime.models import Announcement, Conversation, Inbox, Message, Notification
from tools.demo.loader import PASSWORD
from tools.testing.module_data import ModuleData
from tools.tests.test_demo import check_counters, count_rows, development, seed_demo

__all__ = ["development"]  # a fixture
pytestmark = [pytest.mark.usefixtures("school"), pytest.mark.xdist_group("the demo's school")]


@dataclass(frozen=True)
class LoadResult:
    """Statements, on_commit callbacks and mails of loading the demo."""

    statements: list[str]
    callbacks: int
    mails: int


def load() -> LoadResult:
    """Load the demo into an empty database; return statements, callbacks and mails."""
    mail.outbox = []
    with (
        override_settings(DEBUG=True),
        CaptureQueriesContext(connection) as captured,
        TestCase.captureOnCommitCallbacks() as callbacks,
    ):
        seed_demo()
    return LoadResult([one["sql"] for one in captured], len(callbacks), len(mail.outbox))


@pytest.fixture(scope="module")
def loaded(module_data: Callable[..., ModuleData[LoadResult]]) -> ModuleData[LoadResult]:
    """Load the demo for all tests of this module."""
    return module_data(load)


@pytest.fixture
def school(loaded: ModuleData[LoadResult], db: None) -> LoadResult:
    """Return the result of loading the demo, with its files in the media folder."""
    loaded.copy_files()
    return loaded.objects


def test_a_second_call_changes_no_rows() -> None:
    before = count_rows()
    assert all(before.values()), before
    assert "already loaded" in seed_demo()
    assert count_rows() == before


def test_all_users_have_the_same_password() -> None:
    roles = {"admin": Role.ADMIN, "instructor": Role.INSTRUCTOR, "student": Role.STUDENT}
    for name, role in roles.items():
        user = authenticate(username=f"{name}@example.com", password=PASSWORD)
        assert user is not None, name
        assert user.role == role
        assert user.is_superuser == (role == Role.ADMIN)


def test_counters_match_the_rows() -> None:
    check_counters()
    seed_demo("--courses", "3", "--students", "10", "--enrollments", "25")
    check_counters()


def test_every_row_is_valid() -> None:
    for model in (User, Instructor, Course, Section, Lesson, Enrollment, Review):
        for row in model.objects.all():
            row.full_clean(validate_unique=False, validate_constraints=False)


def test_the_demo_student_has_five_different_progresses_and_one_order() -> None:
    maya = User.objects.get(email="student@example.com")
    mine = Enrollment.objects.with_progress().select_related("course").filter(user=maya)
    percentages = {enrollment.course.slug: enrollment.progress_percentage for enrollment in mine}
    assert percentages == {
        "statistics-you-can-argue-with": 100,
        "typography-for-people-who-code": 75,
        "writing-that-gets-read": 50,
        "bread-from-flour-up": 16,
        "soil-the-first-metre": 33,
    }
    assert maya.certificates.get().course.slug == "statistics-you-can-argue-with"
    assert maya.orders.get().course.slug == "soil-the-first-metre"


def test_completed_enrollments_have_certificates_and_no_mail_is_sent(school: LoadResult) -> None:
    completed = Enrollment.objects.filter(completed_at__isnull=False)
    # One task for each certificate, and one callback of the catalog version.
    assert Certificate.objects.count() == completed.count() == school.callbacks - 1
    assert not Certificate.objects.filter(mailed_at=None).exists()
    assert school.mails == 0


def test_progress_and_reviews_are_between_enrollment_and_today() -> None:
    for enrollment in Enrollment.objects.prefetch_related("lesson_progress"):
        times = [step.completed_at for step in enrollment.lesson_progress.all()]
        assert times == sorted(times)
        assert enrollment.enrolled_at <= min(times, default=enrollment.enrolled_at)
        assert enrollment.last_activity_at == max(times, default=enrollment.enrolled_at)
        assert enrollment.course.published_at < enrollment.enrolled_at
    for review in Review.objects.all():
        assert Enrollment.objects.get(user=review.user, course=review.course).enrolled_at < review.created_at


def test_authors_of_messages_have_access_to_the_course() -> None:
    assert Announcement.objects.exists()
    for message in Message.objects.select_related("author", "conversation"):
        assert Course.objects.open_to(message.author).filter(pk=message.conversation.room_id).exists(), message.author
    for conversation in Conversation.objects.all():
        numbers = list(conversation.messages.order_by("created_at").values_list("number", flat=True))
        assert numbers == list(range(1, conversation.last_number + 1))


def test_notifications_are_numbered_without_gaps() -> None:
    for inbox in Inbox.objects.all():
        numbers = list(
            Notification.objects.filter(user=inbox.user).order_by("created_at").values_list("number", flat=True)
        )
        assert numbers == list(range(1, inbox.last_number + 1))


def test_quizzes_have_every_question_type_and_attempts_of_every_state() -> None:
    assert set(QuestionVersion.objects.values_list("question_type", flat=True)) == set(TYPES)
    assert Quiz.objects.published().values("course").distinct().count() >= 4
    attempts = Attempt.objects.all()
    assert attempts.running().count() >= 2
    assert attempts.submitted().filter(passed=None).count() >= 3, "essays awaiting grading"
    for outcome in ({"passed": True}, {"passed": False}, {"by_clock": True}, {"number": 2}):
        assert attempts.filter(**outcome).exists(), outcome
    assert not attempts.filter(submitted_at__gt=timezone.now()).exists()
    for quiz in Quiz.objects.all():
        assert quiz.points_possible == sum(one.current.points for one in quiz.questions.all())
        assert preview_regrade(quiz) == [], "marks as by the services"
    for attempt in attempts.submitted():
        assert attempt.receipt == compute_receipt(attempt, attempt.events.all())
        assert attempt.answers == {key: event.answer for key, event in fold_journal(attempt.events.all()).items()}


def test_quizzes_are_loaded_in_at_most_sixty_statements(school: LoadResult) -> None:
    assert 0 < len([sql for sql in school.statements if "quizzes_" in sql]) <= 60
