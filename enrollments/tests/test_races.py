"""Many at once: one enrolment, every lesson counted, one completion."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.db.models import QuerySet

from accounts.models import User
from courses.models import Course
from enrollments import services
from enrollments.models import Enrollment, LessonProgress
from enrollments.signals import course_completed
from lms.platform.models import AuditEntry
from lms.testing.plugin import make_course
from lms.testing.racing import MOST_ROUNDS, at_once, kinds
from realtime.models import Notification

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
LESSONS = 30


@pytest.mark.quality("E02")
def test_of_twenty_enrolments_at_once_one_is_made(bob: User, alice: User, course: Course) -> None:
    outcomes = at_once(20, lambda _number: services.enroll(actor=bob, user=bob, course=course))
    assert kinds(outcomes) == {"Enrollment": 1, "already_enrolled": 19}
    assert Enrollment.objects.count() == 1
    course.refresh_from_db()
    assert course.enrollments_count == 1
    assert Notification.objects.filter(user=alice, event="new_enrollment").count() == 1
    assert len(mail.outbox) == 1


@pytest.fixture
def completions() -> Iterator[list[Enrollment]]:
    """The enrolments that were said to be completed."""
    heard: list[Enrollment] = []

    def listen(enrollment: Enrollment, **kwargs: Any) -> None:
        heard.append(enrollment)

    course_completed.connect(listen)
    yield heard
    course_completed.disconnect(listen)


def finish_each_lesson_twice(bob: User, alice: User) -> Enrollment:
    """Complete the thirty lessons of a course all at once, each twice; return the enrolment as it is then."""
    course = make_course(alice, "Thirty", lessons=LESSONS)
    enrollment = services.enroll(actor=bob, user=bob, course=course)
    ids = list(course.lessons.values_list("pk", flat=True)) * 2
    outcomes = at_once(
        len(ids), lambda number: services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=ids[number])
    )
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    percents = [outcome.progress_percentage for outcome in outcomes if isinstance(outcome, Enrollment)]
    assert max(percents) <= 100
    return Enrollment.objects.with_progress().select_related("course").get(pk=enrollment.pk)


@pytest.mark.quality("E04")
def test_thirty_lessons_at_once_each_twice_are_thirty_and_complete_once(
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
def test_control_without_the_lock_the_course_is_not_completed_once(
    bob: User, alice: User, completions: list[Enrollment], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the row lock taken away, two last lessons do not see each other, or both complete the course."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, *args, **kwargs: self)

    def breaks(number: int) -> bool:
        completions.clear()
        course = make_course(alice, f"Two {number}", lessons=2)
        enrollment = services.enroll(actor=bob, user=bob, course=course)
        ids = list(course.lessons.values_list("pk", flat=True)) * 5

        def finish(number: int, enrollment: Enrollment = enrollment, ids: list[Any] = ids) -> Enrollment:
            return services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=ids[number])

        at_once(len(ids), finish)
        return len(completions) != 1

    assert any(breaks(number) for number in range(MOST_ROUNDS))
