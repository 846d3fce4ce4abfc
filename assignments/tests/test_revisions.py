"""Tests for versions after a grade: extra attempts, and work that is returned for revision."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from assignments import grading, submissions
from assignments.errors import AssignmentError
from assignments.models import Assignment, Submission
from assignments.tests.samples import write_assignment
from courses.models import Course
from enrollments.deadlines import grant_extension
from enrollments.models import Enrollment, Extension
from realtime.models import Event, Notification


def submit(bob: User, assignment: Assignment) -> Submission:
    return submissions.submit(actor=bob, assignment=assignment, content="A pot")


def attempts_left(assignment: Assignment, enrollment: Enrollment) -> int | None:
    return submissions.get_submission_status(assignment, enrollment).attempts_left


@pytest.mark.parametrize("limit", [1, 2, None])
def test_an_extra_attempt_reopens_graded_work_once(
    limit: int | None, alice: User, bob: User, course: Course, enrollment: Enrollment
) -> None:
    assignment = write_assignment(course, max_attempts=limit)
    for _number in range(limit or 1):
        last = submit(bob, assignment)
    grading.grade_submission(actor=alice, submission=last, grade=5)
    with pytest.raises(AssignmentError, match="is graded"):
        submit(bob, assignment)
    assert attempts_left(assignment, enrollment) == (None if limit is None else 0)
    grant_extension(actor=alice, item=assignment, enrollment=enrollment, extra_attempts=1)
    assert attempts_left(assignment, enrollment) == (None if limit is None else 1)
    again = submit(bob, assignment)
    grading.grade_submission(actor=alice, submission=again, grade=8)
    with pytest.raises(AssignmentError):
        submit(bob, assignment)


def test_the_page_never_offers_a_version_that_is_refused(
    alice: User, bob: User, course: Course, enrollment: Enrollment, browser_of: Callable[..., Client]
) -> None:
    assignment = write_assignment(course, max_attempts=2)
    grading.grade_submission(actor=alice, submission=submit(bob, assignment), grade=5)
    page = browser_of(bob).get(assignment.get_absolute_url()).content.decode()
    assert "1 version left" not in page
    assert "You cannot submit a new version" in page


def test_returned_work_can_be_revised_whatever_the_attempts_and_dates(
    alice: User, bob: User, course: Course, enrollment: Enrollment, api_of: Callable[..., APIClient]
) -> None:
    now = timezone.now()
    dates = {"due_at": now + timedelta(days=1), "closes_at": now + timedelta(days=2)}
    assignment = write_assignment(course, max_attempts=1, **dates)
    first = submit(bob, assignment)
    with time_machine.travel(now + timedelta(days=3), tick=False):
        response = api_of(alice).post(
            f"/api/v1/assignments/submissions/{first.pk}/grade",
            {"return_for_revision": True, "feedback": "Add sources."},
            format="json",
        )
        assert (response.status_code, response.json()["grade"]) == (200, None)
        assert response.json()["returned_at"] is not None
        own = api_of(bob).get(f"/api/v1/assignments/submissions/{first.pk}").json()
        assert own["feedback"] == "Add sources."
        assert not Submission.objects.waiting().exists()
        second = submit(bob, assignment)
        assert (second.attempt, second.days_late) == (2, 0)
        assert Submission.objects.waiting().get() == second
        with pytest.raises(AssignmentError):
            grading.grade_submission(actor=alice, submission=first, grade=3)
    assert Notification.objects.filter(user=bob, event=Event.ASSIGNMENT_RETURNED).count() == 1


def test_a_new_due_date_of_returned_work_keeps_the_extension(
    alice: User, bob: User, course: Course, enrollment: Enrollment
) -> None:
    assignment = write_assignment(course, max_attempts=1)
    grant_extension(actor=alice, item=assignment, enrollment=enrollment, extra_minutes=5)
    first, due_at = submit(bob, assignment), timezone.now() + timedelta(days=4)
    graded = grading.grade_submission(
        actor=alice, submission=first, grade=4, return_for_revision=True, new_due_at=due_at
    )
    assert (graded.grade, graded.is_released, graded.is_returned) == (4, True, True)
    extension = Extension.objects.get(item=assignment, enrollment=enrollment)
    assert (extension.extra_minutes, extension.due_at) == (5, due_at)
    with pytest.raises(AssignmentError, match="in the future"):
        grading.grade_submission(
            actor=alice, submission=first, grade=4, return_for_revision=True, new_due_at=timezone.now()
        )


def test_a_grade_without_points_needs_a_return(
    alice: User, bob: User, course: Course, enrollment: Enrollment, api_of: Callable[..., APIClient]
) -> None:
    first = submit(bob, write_assignment(course))
    address = f"/api/v1/assignments/submissions/{first.pk}/grade"
    assert api_of(alice).post(address, {"feedback": "Good."}).status_code == 400
    with pytest.raises(AssignmentError):
        grading.grade_submission(actor=alice, submission=first, grade=None)


def test_the_instructor_returns_work_on_the_page(
    alice: User, bob: User, course: Course, enrollment: Enrollment, browser_of: Callable[..., Client]
) -> None:
    assignment = write_assignment(course)
    first = submit(bob, assignment)
    data = {"then": "return", "feedback": "Add sources.", "version": 0}
    assert browser_of(alice).post(f"/teach/grading/{first.pk}/", data).status_code == 302
    page = browser_of(bob).get(assignment.get_absolute_url()).content.decode()
    assert "Returned for revision" in page
    assert "Add sources." in page
    assert "Submit a new version" in page
