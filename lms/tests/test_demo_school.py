"""The school that the demo loads: seeded once, and looked at by every test here."""

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
from lms.demo.loading import PASSWORD
from lms.testing.lasting import Lasting
from lms.tests.test_demo import check_counters, development, row_counts, seed_demo
from quizzes.marking import preview_regrade
from quizzes.models import Attempt, QuestionVersion, Quiz, fold, receipt_of
from quizzes.question_types import TYPES
from realtime.models import Announcement, Conversation, Inbox, Message, Notification

__all__ = ["development"]  # a fixture
pytestmark = [pytest.mark.usefixtures("school"), pytest.mark.xdist_group("the demo's school")]


@dataclass(frozen=True)
class Seeded:
    """What seeding did beside making rows."""

    statements: list[str]
    callbacks: int
    mails: int


def seeded() -> Seeded:
    """Load the demo into an empty database, and watch."""
    mail.outbox = []
    with (
        override_settings(DEBUG=True),
        CaptureQueriesContext(connection) as captured,
        TestCase.captureOnCommitCallbacks() as callbacks,
    ):
        seed_demo()
    return Seeded([one["sql"] for one in captured], len(callbacks), len(mail.outbox))


@pytest.fixture(scope="module")
def loaded(lasting: Callable[..., Lasting[Seeded]]) -> Lasting[Seeded]:
    """The demo, for all tests of this module."""
    return lasting(seeded)


@pytest.fixture
def school(loaded: Lasting[Seeded], db: None) -> Seeded:
    """The demo as it was loaded."""
    loaded.lay_out_files()
    return loaded.made


def test_a_second_call_says_so_and_changes_nothing() -> None:
    before = row_counts()
    assert all(before.values()), before
    assert "already there" in seed_demo()
    assert row_counts() == before


def test_everybody_signs_in_with_the_one_password() -> None:
    roles = {"admin": Role.ADMIN, "instructor": Role.INSTRUCTOR, "student": Role.STUDENT}
    for name, role in roles.items():
        user = authenticate(username=f"{name}@example.com", password=PASSWORD)
        assert user is not None, name
        assert user.role == role
        assert user.is_superuser == (role == Role.ADMIN)


def test_counters_are_what_there_is() -> None:
    check_counters()
    seed_demo("--courses", "3", "--students", "10", "--enrollments", "25")
    check_counters()


def test_every_row_passes_its_own_validation() -> None:
    for model in (User, Instructor, Course, Section, Lesson, Enrollment, Review):
        for row in model.objects.all():
            row.full_clean(validate_unique=False, validate_constraints=False)


def test_maya_is_at_five_different_points_and_has_bought_one_course() -> None:
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


def test_every_completed_enrolment_has_its_certificate_and_nobody_gets_mail(school: Seeded) -> None:
    completed = Enrollment.objects.filter(completed_at__isnull=False)
    # One task for each, and the catalogue's stamp.
    assert Certificate.objects.count() == completed.count() == school.callbacks - 1
    assert not Certificate.objects.filter(mailed_at=None).exists()
    assert school.mails == 0


def test_progress_review_and_notification_follow_the_enrolment_and_precede_today() -> None:
    for enrollment in Enrollment.objects.prefetch_related("lesson_progress"):
        times = [step.completed_at for step in enrollment.lesson_progress.all()]
        assert times == sorted(times)
        assert enrollment.enrolled_at <= min(times, default=enrollment.enrolled_at)
        assert enrollment.last_activity_at == max(times, default=enrollment.enrolled_at)
        assert enrollment.course.published_at < enrollment.enrolled_at
    for review in Review.objects.all():
        assert Enrollment.objects.get(user=review.user, course=review.course).enrolled_at < review.created_at


def test_whoever_says_something_in_a_course_is_in_it() -> None:
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


def test_the_demo_has_quizzes_of_every_type_with_students_at_different_points() -> None:
    assert set(QuestionVersion.objects.values_list("question_type", flat=True)) == set(TYPES)
    assert Quiz.objects.published().values("course").distinct().count() >= 4
    attempts = Attempt.objects.all()
    assert attempts.running().count() >= 2
    assert attempts.submitted().filter(passed=None).count() >= 3, "essays wait for their teacher"
    for outcome in ({"passed": True}, {"passed": False}, {"by_clock": True}, {"number": 2}):
        assert attempts.filter(**outcome).exists(), outcome
    assert not attempts.filter(submitted_at__gt=timezone.now()).exists()
    for quiz in Quiz.objects.all():
        assert quiz.points_possible == sum(one.current.points for one in quiz.questions.all())
        assert preview_regrade(quiz) == [], "it is marked as the services would have marked it"
    for attempt in attempts.submitted():
        assert attempt.receipt == receipt_of(attempt, attempt.events.all())
        assert attempt.answers == {key: event.answer for key, event in fold(attempt.events.all()).items()}


def test_the_quizzes_of_the_demo_take_few_statements(school: Seeded) -> None:
    assert 0 < len([sql for sql in school.statements if "quizzes_" in sql]) <= 60
