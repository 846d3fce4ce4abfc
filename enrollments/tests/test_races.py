"""Race tests: one enrollment, all lessons counted, one completion."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.db.models import QuerySet

from accounts.models import User
from core.models import AuditEntry
from courses.models import Course
from enrollments import services
from enrollments.models import Enrollment, LessonProgress
from enrollments.signals import course_completed
from realtime.models import Notification
from tools.testing.plugin import make_course
from tools.testing.races import MAX_ROUNDS, count_outcomes, run_concurrently

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
LESSONS = 30


@pytest.mark.quality("E02")
def test_twenty_concurrent_enrollments_create_one(bob: User, alice: User, course: Course) -> None:
    outcomes = run_concurrently(20, lambda _number: services.enroll(actor=bob, user=bob, course=course))
    assert count_outcomes(outcomes) == {"Enrollment": 1, "already_enrolled": 19}
    assert Enrollment.objects.count() == 1
    course.refresh_from_db()
    assert course.enrollments_count == 1
    assert Notification.objects.filter(user=alice, event="new_enrollment").count() == 1
    assert len(mail.outbox) == 1


@pytest.fixture
def completions() -> Iterator[list[Enrollment]]:
    """Yield a list of the enrollments for which `course_completed` was sent."""
    completed: list[Enrollment] = []

    def receive(enrollment: Enrollment, **kwargs: Any) -> None:
        completed.append(enrollment)

    course_completed.connect(receive)
    yield completed
    course_completed.disconnect(receive)


def finish_each_lesson_twice(bob: User, alice: User) -> Enrollment:
    """Complete the 30 lessons of a course concurrently, each twice; return the enrollment."""
    course = make_course(alice, "Thirty", lessons=LESSONS)
    enrollment = services.enroll(actor=bob, user=bob, course=course)
    ids = list(course.lessons.values_list("pk", flat=True)) * 2
    outcomes = run_concurrently(
        len(ids), lambda number: services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=ids[number])
    )
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    percents = [outcome.progress_percentage for outcome in outcomes if isinstance(outcome, Enrollment)]
    assert max(percents) <= 100
    return Enrollment.objects.with_progress().select_related("course").get(pk=enrollment.pk)


@pytest.mark.quality("E04")
def test_30_lessons_completed_concurrently_and_twice_complete_the_course_once(
    bob: User, alice: User, completions: list[Enrollment]
) -> None:
    enrollment = finish_each_lesson_twice(bob, alice)
    assert LessonProgress.objects.filter(completed_at__isnull=False).count() == LESSONS
    assert enrollment.lessons_done == LESSONS
    assert enrollment.progress_percentage == 100
    assert enrollment.completed_at is not None
    assert len(completions) == 1
    assert AuditEntry.objects.filter(action="enrollments.completed").count() == 1
    assert Notification.objects.filter(user=bob, event="lesson_completed").count() == LESSONS


@pytest.mark.quality("E04")
def test_control_without_the_row_lock_completion_fails_or_repeats(
    bob: User, alice: User, completions: list[Enrollment], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the row lock, two last lessons do not see each other, or both complete the course."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, *args, **kwargs: self)

    def breaks(number: int) -> bool:
        completions.clear()
        course = make_course(alice, f"Two {number}", lessons=2)
        enrollment = services.enroll(actor=bob, user=bob, course=course)
        ids = list(course.lessons.values_list("pk", flat=True)) * 5

        def finish(number: int, enrollment: Enrollment = enrollment, ids: list[Any] = ids) -> Enrollment:
            return services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=ids[number])

        run_concurrently(len(ids), finish)
        return len(completions) != 1

    assert any(breaks(number) for number in range(MAX_ROUNDS))


@pytest.mark.quality("V07")
def test_a_removal_and_an_enrollment_at_once_leave_the_student_out(
    bob: User, alice: User, course: Course, enrollment: Enrollment
) -> None:
    services.end_enrollment(actor=bob, enrollment=enrollment, reason="Pause")

    def enroll_or_remove(number: int) -> Enrollment:
        if number == 0:
            return services.remove_student(actor=alice, enrollment=enrollment, reason="Cheating")
        return services.enroll(actor=bob, user=bob, course=course)

    run_concurrently(8, enroll_or_remove)
    enrollment.refresh_from_db()
    course.refresh_from_db()
    assert (enrollment.state, course.enrollments_count) == ("barred", 0)
