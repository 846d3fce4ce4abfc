"""Who learns is noted without a write in the request, and written together."""

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
from analytics import noting
from analytics.models import Activity, Learner
from analytics.noting import Notebook, notebook, quarter_of
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from lms.platform.models import SiteSettings


@pytest.fixture(autouse=True)
def empty_notebook() -> None:
    """Forget what other tests noted: the notebook is the process's own."""
    notebook._waiting.clear()
    notebook._written.clear()


def test_opening_a_lesson_notes_it_and_writes_nothing(
    enrollment: Enrollment, bob: User, browser_of: Callable[[User], Any]
) -> None:
    browser = browser_of(bob)
    SiteSettings.current()  # whoever asks first makes them
    lesson = enrollment.course.lessons.order_by("order")[1]
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(f"/learn/tea/{lesson.pk}/").status_code == 200
    assert [query["sql"] for query in queries if query["sql"].startswith(("INSERT", "UPDATE"))] == []
    assert not Activity.objects.exists()
    notebook.write()
    [row] = Activity.objects.all()
    assert (row.learner.user, row.course) == (bob, enrollment.course)


def test_an_hour_of_clicks_is_four_rows(enrollment: Enrollment, bob: User) -> None:
    begin = datetime(2025, 5, 5, 9, 0, 30, tzinfo=UTC)
    for minute in range(60):
        notebook.note(bob.pk, enrollment.course_id, begin + timedelta(minutes=minute))
        if minute % 7 == 0:
            notebook.write()
    notebook.write()
    assert [row.quarter_at.minute for row in Activity.objects.order_by("quarter_at")] == [0, 15, 30, 45]


def test_a_batch_takes_as_many_statements_for_two_as_for_twenty(course: Course) -> None:
    counts = []
    for size in (2, 20):
        for number in range(size):
            user = User.objects.create_user(f"r{size}x{number}@example.com", "secret words", full_name="Reader")
            enrollments.enroll(actor=user, user=user, course=course)
            notebook.note(user.pk, course.pk, timezone.now() + timedelta(seconds=5))
        with CaptureQueriesContext(connection) as queries:
            assert notebook.write() == size
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 10


def test_a_visit_moves_on_when_the_enrolment_was_last_used(enrollment: Enrollment, bob: User) -> None:
    later = timezone.now() + timedelta(minutes=3)
    notebook.note(bob.pk, enrollment.course_id, later)
    notebook.write()
    enrollment.refresh_from_db()
    assert enrollment.last_activity_at == later
    notebook.note(bob.pk, enrollment.course_id, later - timedelta(days=1))
    notebook.write()
    enrollment.refresh_from_db()
    assert enrollment.last_activity_at == later


def test_who_is_not_enrolled_is_not_written_down(course: Course, carol: User) -> None:
    notebook.note(carol.pk, course.pk)
    notebook.write()
    assert not Learner.objects.exists()


def test_what_the_database_refuses_is_written_the_next_time(
    enrollment: Enrollment, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(**kwargs: Any) -> None:
        raise OperationalError("gone")

    notebook.note(bob.pk, enrollment.course_id)
    with monkeypatch.context() as patched:
        patched.setattr(noting, "write_activity", down)
        assert notebook.write() == 0
    assert notebook.write() == 1
    assert Activity.objects.count() == 1


def test_quarters_begin_on_the_clock_s_quarters() -> None:
    assert quarter_of(datetime(2025, 1, 1, 10, 59, 59, 9, tzinfo=UTC)) == datetime(2025, 1, 1, 10, 45, tzinfo=UTC)


def test_many_threads_note_each_thing_once(enrollment: Enrollment, bob: User) -> None:
    book = Notebook()
    with time_machine.travel(datetime(2025, 5, 5, 9, 1, tzinfo=UTC), tick=False):
        threads = [
            threading.Thread(target=lambda: [book.note(bob.pk, enrollment.course_id) for _time in range(200)])
            for _number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert book.write() == 1


@pytest.mark.django_db(transaction=True)
def test_a_thread_writes_by_itself_soon(enrollment: Enrollment, bob: User, settings: Any) -> None:
    settings.ACTIVITY_WRITTEN_AFTER = 0.05
    book = Notebook()
    book.note(bob.pk, enrollment.course_id)
    deadline = time.monotonic() + 20
    while not Activity.objects.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert Activity.objects.count() == 1
