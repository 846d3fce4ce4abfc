"""State machine of submissions: every operation in every state."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from assignments import grading, submissions
from assignments.models import Submission
from assignments.states import SUBMISSION, SubmissionState
from assignments.tests.samples import write_assignment
from courses.models import Course
from enrollments.models import Enrollment
from tools.testing.transitions import assert_follows, every_case


def resubmit(submission: Submission) -> Submission:
    return submissions.submit(actor=submission.user, assignment=submission.assignment, content="Another pot")


def grade(submission: Submission, release: bool = True) -> Submission:
    teacher = submission.assignment.course.instructor
    return grading.grade_submission(actor=teacher, submission=submission, grade=7, release=release)


def release(submission: Submission) -> int:
    return grading.release_grades(actor=submission.assignment.course.instructor, assignment=submission.assignment)


def return_work(submission: Submission) -> Submission:
    teacher = submission.assignment.course.instructor
    return grading.grade_submission(actor=teacher, submission=submission, grade=None, return_for_revision=True)


OPERATIONS: dict[str, Callable[[Submission], Any]] = {
    "replace": resubmit,
    "grade": grade,
    "release": release,
    "return": return_work,
}


def state_of(submission: Submission) -> SubmissionState:
    later = Submission.objects.filter(assignment=submission.assignment, attempt__gt=submission.attempt)
    return Submission.objects.get(pk=submission.pk).state(is_superseded=later.exists())


@pytest.mark.quality("V06")
@pytest.mark.parametrize(("operation", "state"), every_case(SUBMISSION))
def test_every_operation_in_every_state_of_a_submission(
    bob: User, course: Course, enrollment: Enrollment, operation: str, state: SubmissionState
) -> None:
    """The service gets a stale instance, loaded before the state changed."""
    submission = submissions.submit(actor=bob, assignment=write_assignment(course), content="A pot")
    if state == SubmissionState.SUPERSEDED:
        resubmit(submission)
    if state in (SubmissionState.GRADED, SubmissionState.RELEASED):
        grade(submission, release=state == SubmissionState.RELEASED)
    if state == SubmissionState.RETURNED:
        return_work(submission)
    assert_follows(
        SUBMISSION, operation, state, lambda: OPERATIONS[operation](submission), lambda: state_of(submission)
    )
