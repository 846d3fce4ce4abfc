"""A former instructor has no more access to their own courses than any student (quality row V05)."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Role, User
from analytics.models import Export, ExportKind
from assignments.errors import AssignmentError
from assignments.grading import grade_submission
from assignments.models import Assignment, Submission
from courses.models import Course, Lesson
from enrollments import services
from enrollments.models import GradedItem, GradeEntry
from enrollments.rooms import course_room, is_moderator, list_members
from files.models import File
from lms.tests.access_fixtures import alice, bob, carol, dan, erin, people, the_world, values
from lms.tests.access_table import PEOPLE, rows
from lms.tests.test_access import ask, body_of, client_for
from quizzes.grading import GradingError, grade_answer
from quizzes.models import Attempt, Question, Quiz
from realtime import rooms
from realtime.models import Event, Notification

__all__ = ["alice", "bob", "carol", "dan", "erin", "people", "the_world", "values"]  # fixtures
pytestmark = [pytest.mark.django_db, pytest.mark.quality("V05")]

# The owner of a course can neither enroll in it nor buy it, and keeps earlier notifications.
OWNERSHIP = {
    ("POST", "/api/v1/enrollments/"),
    ("POST", "/api/v1/enrollments/join"),
    ("POST", "/api/v1/orders/"),
    ("POST", "/api/v1/notifications/1/read"),
}
MODELS = (Course, Lesson, GradedItem, GradeEntry, Quiz, Question, Attempt, Assignment, Submission, File, Export)


@pytest.fixture
def former(alice: User) -> User:
    """Return Alice after her role has ended."""
    User.objects.filter(pk=alice.pk).update(role=Role.STUDENT)
    return User.objects.get(pk=alice.pk)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [row for row in rows() if row[:2] not in OWNERSHIP],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_former_instructor_gets_the_status_of_a_stranger(
    method: str, path: str, expected: list[int], former: User, values: dict[str, Any]
) -> None:
    address = path.format(**values)
    status = ask(client_for(address, former), method, address, body_of(method, path, values))
    assert status == expected[PEOPLE.index("carol")]


def test_no_queryset_shows_a_former_instructor_more_than_a_stranger(
    former: User, carol: User, values: dict[str, Any]
) -> None:
    Export.objects.create(user=former, kind=ExportKind.STUDENTS, course_id=values["course"])
    for model in MODELS:
        rows_of = model._default_manager.all()  # type: ignore[attr-defined]  # every model has one
        for method in ("visible_to", "editable_by"):
            seen, expected = (set(getattr(rows_of, method)(user).values_list("pk")) for user in (former, carol))
            assert seen == expected, (model, method)
    assert not Course.objects.open_to(former).exists()


def test_a_former_instructor_leaves_the_room_of_the_course(former: User, bob: User, values: dict[str, Any]) -> None:
    course = Course.objects.get(pk=values["course"])
    assert not rooms.can_enter(former.pk, course_room(course), is_limited=False)
    assert not is_moderator(former, course.pk)
    assert set(list_members(course.pk)) == {bob}


def test_a_former_instructor_can_grade_neither_attempts_nor_submissions(former: User, values: dict[str, Any]) -> None:
    attempt = Attempt.objects.get(pk=values["attempt"])
    submission = Submission.objects.get(pk=values["submission"])
    with pytest.raises(GradingError) as attempt_refused:
        grade_answer(actor=former, attempt=attempt, question_id=values["question"], points=Decimal(1))
    with pytest.raises(AssignmentError) as submission_refused:
        grade_submission(actor=former, submission=submission, grade=1)
    for refused in (attempt_refused, submission_refused):
        assert (refused.value.code, refused.value.status) == ("not_your_course", 403)


def test_a_former_instructor_is_not_notified_of_new_students(former: User, carol: User, values: dict[str, Any]) -> None:
    course = Course.objects.get(pk=values["course"])
    before = Notification.objects.filter(user=former, event=Event.NEW_ENROLLMENT).count()
    services.enroll(actor=carol, user=carol, course=course)
    assert Notification.objects.filter(user=former, event=Event.NEW_ENROLLMENT).count() == before
