"""The embedded database bears a class that writes at once (QUALITY X04, fact 3)."""

import pytest
from django.db import connection

from accounts.models import User
from courses.models import Course
from enrollments import services
from enrollments.models import Enrollment, LessonProgress
from lms.testing.plugin import person
from lms.testing.racing import at_once

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db(transaction=True)]


@pytest.mark.quality("X04")
def test_twenty_writers_at_once_are_all_served(course: Course) -> None:
    students = [person(f"Student{number}") for number in range(20)]
    lesson = course.lessons.first()

    def learn(number: int) -> Enrollment:
        enrollment = services.enroll(actor=students[number], user=students[number], course=course)
        for seconds in range(10):
            services.complete_lesson(
                actor=students[number],
                enrollment=enrollment,
                lesson_id=lesson.pk,
                completed=seconds == 9,
                position_seconds=seconds,
            )
        return enrollment

    outcomes = at_once(20, learn)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    assert Enrollment.objects.count() == 20
    assert LessonProgress.objects.filter(completed_at__isnull=False, position_seconds=9).count() == 20


@pytest.mark.quality("X04")
def test_the_shipped_settings_take_the_write_lock_first_and_log_ahead() -> None:
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert cursor.execute("PRAGMA foreign_keys").fetchone()[0] == 1
    assert connection.transaction_mode == "IMMEDIATE"
    assert User.objects.count() == 0
