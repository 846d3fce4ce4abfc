"""Tests of the activity buffer: no write in the request, batches in the background."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from analytics.activity_buffer import ActivityBuffer, activity_buffer, quarter_start
from analytics.models import Activity, Learner
from core.models import SiteSettings
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment


@pytest.fixture(autouse=True)
def empty_buffer() -> None:
    """Empty the buffer, which is shared by all tests of the process."""
    activity_buffer._pending.clear()
    activity_buffer._written.clear()


def test_opening_a_lesson_buffers_activity_without_a_write(
    enrollment: Enrollment, bob: User, browser_of: Callable[[User], Any]
) -> None:
    browser = browser_of(bob)
    SiteSettings.current()  # created at the first call
    lesson = enrollment.course.lessons.order_by("order")[1]
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(f"/learn/tea/{lesson.pk}/").status_code == 200
    assert [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE"))] == []
    assert not Activity.objects.exists()
    activity_buffer.flush()
    [row] = Activity.objects.all()
    assert (row.learner.user, row.course) == (bob, enrollment.course)


def test_an_hour_of_activity_is_stored_as_four_rows(enrollment: Enrollment, bob: User) -> None:
    begin = datetime(2025, 5, 5, 9, 0, 30, tzinfo=UTC)
    for minute in range(60):
        activity_buffer.record(bob.pk, enrollment.course_id, begin + timedelta(minutes=minute))
        if minute % 7 == 0:
            activity_buffer.flush()
    activity_buffer.flush()
    assert [row.quarter_at.minute for row in Activity.objects.order_by("quarter_at")] == [0, 15, 30, 45]


def test_a_flush_takes_as_many_queries_for_two_users_as_for_twenty(course: Course) -> None:
    counts = []
    for size in (2, 20):
        for number in range(size):
            user = User.objects.create_user(f"r{size}x{number}@example.com", "secret words", full_name="Reader")
            enrollments.enroll(actor=user, user=user, course=course)
            activity_buffer.record(user.pk, course.pk, timezone.now() + timedelta(seconds=5))
        with CaptureQueriesContext(connection) as queries:
            assert activity_buffer.flush() == size
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


def test_a_flush_moves_last_activity_forward_only(enrollment: Enrollment, bob: User) -> None:
    later = timezone.now() + timedelta(minutes=3)
    activity_buffer.record(bob.pk, enrollment.course_id, later)
    activity_buffer.flush()
    enrollment.refresh_from_db()
    assert enrollment.last_activity_at == later
    activity_buffer.record(bob.pk, enrollment.course_id, later - timedelta(days=1))
    activity_buffer.flush()
    enrollment.refresh_from_db()
    assert enrollment.last_activity_at == later


def test_activity_of_a_user_who_is_not_enrolled_is_dropped(course: Course, carol: User) -> None:
    activity_buffer.record(carol.pk, course.pk)
    activity_buffer.flush()
    assert not Learner.objects.exists()


def test_records_are_kept_for_the_next_flush_after_a_database_error(
    enrollment: Enrollment, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(**kwargs: Any) -> None:
        raise OperationalError("gone")

    activity_buffer.record(bob.pk, enrollment.course_id)
    with monkeypatch.context() as patched:
        patched.setattr("analytics.activity_buffer.write_activity", down)
        assert activity_buffer.flush() == 0
    assert activity_buffer.flush() == 1
    assert Activity.objects.count() == 1


def test_quarter_start_rounds_down_to_the_quarter_of_an_hour() -> None:
    assert quarter_start(datetime(2025, 1, 1, 10, 59, 59, 9, tzinfo=UTC)) == datetime(2025, 1, 1, 10, 45, tzinfo=UTC)


def test_concurrent_threads_record_the_same_activity_once(enrollment: Enrollment, bob: User) -> None:
    buffer = ActivityBuffer()
    with time_machine.travel(datetime(2025, 5, 5, 9, 1, tzinfo=UTC), tick=False):
        threads = [
            threading.Thread(target=lambda: [buffer.record(bob.pk, enrollment.course_id) for _time in range(200)])
            for _number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert buffer.flush() == 1


@pytest.mark.django_db(transaction=True)
def test_a_background_thread_flushes_the_buffer(enrollment: Enrollment, bob: User, settings: Any) -> None:
    settings.ACTIVITY_WRITTEN_AFTER = 0.05
    buffer = ActivityBuffer()
    buffer.record(bob.pk, enrollment.course_id)
    deadline = time.monotonic() + 20
    while not Activity.objects.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert Activity.objects.count() == 1
