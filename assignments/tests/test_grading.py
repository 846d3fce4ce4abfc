"""Grading: valid grades, permissions, release, history and concurrent graders."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from assignments import grading, submissions
from assignments.errors import AssignmentError
from assignments.models import GradeChange, Submission
from assignments.tests.samples import write_assignment
from core.models import AuditEntry
from courses.models import Course
from enrollments.models import Enrollment, GradeEntry
from files.tests.samples import PDF, upload
from realtime.models import Event, Notification
from tools.testing.races import MAX_ROUNDS, count_outcomes, run_concurrently


@pytest.fixture
def submission(course: Course, enrollment: Enrollment) -> Submission:
    """Create a submission of Bob with a file."""
    task = write_assignment(course)
    return submissions.submit(actor=enrollment.user, assignment=task, content="Tea.", uploads=[upload("tea.pdf", PDF)])


def url(submission: Submission) -> str:
    return f"/api/v1/assignments/submissions/{submission.pk}"


@pytest.mark.quality("S03")
@pytest.mark.parametrize("grade", [-1, 11, "NaN", "10abc", None, [], 1e400, "", 5.5, "yes"])
def test_a_grade_outside_the_points_is_400(
    grade: Any, submission: Submission, alice: User, api_of: Callable[[User], APIClient]
) -> None:
    answer = api_of(alice).post(f"{url(submission)}/grade", {"grade": grade} if grade != 1e400 else {})
    assert answer.status_code == 400
    assert GradeChange.objects.count() == GradeEntry.objects.count() == 0


@pytest.mark.quality("S01")
def test_strangers_and_other_instructors_cannot_see_or_grade_submissions(
    submission: Submission, carol: User, erin: User, bob: User, api_of: Callable[[User], APIClient]
) -> None:
    file_id = submission.files.get().file_id
    for user in (carol, erin):
        client = api_of(user)
        for path in (url(submission), f"/api/v1/files/{file_id}", f"/api/v1/files/{file_id}/download"):
            assert client.get(path).status_code == 404, path
        assert client.post(f"{url(submission)}/grade", {"grade": 5}).status_code == 404
        assert client.get(f"/api/v1/assignments/{submission.assignment_id}/submissions").status_code == 404
    assert api_of(bob).post(f"{url(submission)}/grade", {"grade": 10}).status_code == 403
    assert GradeChange.objects.count() == 0


@pytest.mark.quality("S01")
def test_students_list_their_own_submissions_only(
    submission: Submission, alice: User, bob: User, carol: User, erin: User, api_of: Callable[[User], APIClient]
) -> None:
    other = Enrollment.objects.create(user=carol, course=submission.assignment.course)
    submissions.submit(actor=other.user, assignment=submission.assignment, content="Coffee.")
    all_submissions = f"/api/v1/assignments/{submission.assignment_id}/submissions"
    own_submissions = f"/api/v1/assignments/submissions/?assignment_id={submission.assignment_id}"
    assert api_of(bob).get(all_submissions).status_code == 403
    assert [row["user_id"] for row in api_of(bob).get(own_submissions).json()["results"]] == [str(bob.pk)]
    assert api_of(alice).get(all_submissions).json()["count"] == api_of(alice).get(own_submissions).json()["count"] == 2
    assert api_of(erin).get(own_submissions).json()["count"] == 0


def test_a_grade_is_recorded_notified_and_emailed_once(
    submission: Submission,
    alice: User,
    bob: User,
    api_of: Callable[[User], APIClient],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        answer = api_of(alice).post(f"{url(submission)}/grade", {"grade": 8, "feedback": "**Good.**"})
    assert (answer.status_code, answer.json()["grade"]) == (200, 8)
    entry = GradeEntry.objects.get(enrollment=submission.enrollment, item=submission.assignment)
    assert (entry.points, entry.source_id, entry.graded_by) == (8, submission.pk, alice)
    notification = Notification.objects.get(user=bob, event=Event.ASSIGNMENT_GRADED)
    assert (notification.payload["assignment_id"], notification.payload["grade"]) == (str(submission.assignment_id), 8)
    assert [message.subject for message in mail.outbox] == ["Graded: Brew a pot"]
    seen = api_of(bob).get(url(submission)).json()
    assert (seen["grade"], seen["feedback"]) == (8, "**Good.**")


def test_an_unreleased_grade_is_hidden_until_it_is_released(
    submission: Submission,
    alice: User,
    bob: User,
    api_of: Callable[[User], APIClient],
    browser_of: Callable[..., Client],
) -> None:
    grading.grade_submission(
        actor=alice, submission=submission, grade=8, feedback="Secret words", release=False,
        uploads=[upload("back.pdf", PDF)],
    )  # fmt: skip
    feedback_file = submission.files.get(is_feedback=True).file_id
    seen = api_of(bob).get(url(submission)).json()
    assert (seen["grade"], seen["raw_grade"], seen["feedback"], seen["grade_history"]) == (None, None, None, [])
    assert len(seen["files"]) == 1
    page = f"/learn/tea/assignments/{submission.assignment_id}/"
    assert "Secret words" not in browser_of(bob).get(page).text
    assert api_of(bob).get(f"/api/v1/files/{feedback_file}").status_code == 404
    assert (GradeEntry.objects.count(), Notification.objects.filter(event=Event.ASSIGNMENT_GRADED).count()) == (0, 0)
    released = api_of(alice).post(f"/api/v1/assignments/{submission.assignment_id}/release")
    assert released.json() == {"released": 1}
    assert grading.release_grades(actor=alice, assignment=submission.assignment) == 0
    assert "Secret words" in browser_of(bob).get(page).text
    assert api_of(bob).get(f"/api/v1/files/{feedback_file}").status_code == 200
    assert GradeEntry.objects.count() == 1


def test_the_history_has_every_grade_with_grader_and_reason(
    submission: Submission, alice: User, dan: User, api_of: Callable[[User], APIClient]
) -> None:
    grading.grade_submission(actor=alice, submission=submission, grade=4)
    changed = grading.grade_submission(actor=dan, submission=submission, grade=9, reason="Looked again.")
    first = GradeChange.objects.earliest("id")
    grading.revert_grade(actor=alice, change=first, version=changed.version)
    history = api_of(alice).get(url(submission)).json()["grade_history"]
    assert [(row["grade"], row["graded_by"]) for row in history] == [
        (4, str(alice.pk)), (9, str(dan.pk)), (4, str(alice.pk)),
    ]  # fmt: skip
    assert history[1]["reason"] == "Looked again."
    assert history[0]["reason"].startswith("Restored the grade of")
    assert [entry.points for entry in GradeEntry.objects.order_by("id")] == [4, 9, 4]


def test_users_cannot_grade_their_own_submissions(alice: User, dan: User, course: Course) -> None:
    own = Enrollment.objects.create(user=dan, course=course)
    made = submissions.submit(actor=own.user, assignment=write_assignment(course), content="Mine.")
    with pytest.raises(AssignmentError) as raised:
        grading.grade_submission(actor=dan, submission=made, grade=10)
    assert raised.value.code == "own_work"


@pytest.mark.quality("S05")
def test_the_second_grader_gets_409_and_both_attempts_are_audited(
    submission: Submission, alice: User, dan: User, api_of: Callable[[User], APIClient]
) -> None:
    assert api_of(alice).post(f"{url(submission)}/grade", {"grade": 4, "version": 0}).status_code == 200
    late = api_of(dan).post(f"{url(submission)}/grade", {"grade": 9, "version": 0})
    assert (late.status_code, late.json()["errors"][0]["code"]) == (409, "graded_meanwhile")
    submission.refresh_from_db()
    assert submission.grade == 4
    log = AuditEntry.objects.filter(target_id=str(submission.pk)).order_by("id")
    assert [(entry.action, entry.actor_id) for entry in log][-2:] == [
        ("assignments.graded", alice.pk), ("assignments.grade_refused", dan.pk),
    ]  # fmt: skip


def grade_concurrently(submission: Submission, alice: User) -> dict[str, int]:
    """Grade a submission five times concurrently with the same version; return the number of each outcome."""

    def grade(number: int) -> Submission:
        seen = Submission.objects.get(pk=submission.pk)
        return grading.grade_submission(actor=alice, submission=seen, grade=number, version=0)

    return count_outcomes(run_concurrently(5, grade))


@pytest.mark.postgres
@pytest.mark.quality("S05")
@pytest.mark.django_db(transaction=True)
def test_of_five_concurrent_graders_one_succeeds(submission: Submission, alice: User) -> None:
    assert grade_concurrently(submission, alice) == {"Submission": 1, "graded_meanwhile": 4}
    assert GradeChange.objects.count() == 1


@pytest.mark.postgres
@pytest.mark.quality("S05")
@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_several_concurrent_graders_succeed(
    course: Course, enrollment: Enrollment, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.db.models.query.QuerySet.select_for_update", lambda self, **options: self)

    def is_broken() -> bool:
        submission = submissions.submit(actor=enrollment.user, assignment=write_assignment(course), content="Tea.")
        grade_concurrently(submission, alice)
        return GradeChange.objects.filter(submission=submission).count() > 1

    assert any(is_broken() for _round in range(MAX_ROUNDS))
