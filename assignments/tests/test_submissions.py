"""Submissions: due dates and late penalties, files, versions, drafts and interrupted uploads."""

import socket
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tokens import start_session
from assignments import submissions
from assignments.errors import AssignmentError
from assignments.grading import grade_submission
from assignments.models import Submission, SubmissionDraft, calculate_penalty
from assignments.tests.samples import write_assignment
from courses.models import Course
from enrollments.deadlines import grant_extension
from enrollments.models import Enrollment
from enrollments.registry import missing_for_completion
from files.models import File
from files.tests.samples import PDF, SVG, upload
from tools.testing.races import count_outcomes, run_concurrently

DUE = timezone.now().replace(microsecond=0) + timedelta(days=10)


def submit_url(assignment: Any) -> str:
    return f"/api/v1/assignments/{assignment.pk}/submit"


@pytest.mark.quality("S02")
@pytest.mark.parametrize(
    ("seconds", "days"), [(-1, 0), (0, 0), (1, 1), (24 * 3600, 1), (24 * 3600 + 1, 2), (10 * 24 * 3600, 10)]
)
def test_the_due_second_is_on_time_and_each_started_day_is_penalized(
    seconds: int, days: int, course: Course, enrollment: Enrollment
) -> None:
    task = write_assignment(course, due_at=DUE, allow_late_submission=True, late_penalty_percentage=15)
    with time_machine.travel(DUE + timedelta(seconds=seconds, milliseconds=400), tick=False):
        made = submissions.submit(actor=enrollment.user, assignment=task, content="Tea.")
    graded = grade_submission(actor=course.instructor, submission=made, grade=10)
    assert (made.days_late, made.is_late) == (days, days > 0)
    assert graded.grade == max(0, 10 - {0: 0, 1: 2, 2: 3, 10: 10}[days])  # 1.5 is rounded up, 3.0 stays
    again = grade_submission(actor=course.instructor, submission=graded, grade=10)
    assert again.grade == graded.grade  # the penalty is applied once


@pytest.mark.quality("S02")
@pytest.mark.parametrize(
    ("due_at", "submitted_at", "days"),
    [
        ("2027-10-30T18:00+02:00", "2027-10-31T18:00+01:00", 1),  # 25 hours
        ("2027-10-30T18:00+02:00", "2027-10-31T18:00:01+01:00", 2),
        ("2027-10-31T02:30+02:00", "2027-10-31T02:10+01:00", 1),  # the hour that comes twice
        ("2027-03-27T18:00+01:00", "2027-03-28T18:00+02:00", 1),
        ("2027-03-27T18:00+01:00", "2027-03-28T18:00:01+02:00", 2),  # 23 hours and a second
    ],
)
def test_late_days_are_days_of_the_time_zone_of_the_site(
    due_at: str, submitted_at: str, days: int, course: Course, enrollment: Enrollment, settings: Any
) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    task = write_assignment(course, due_at=datetime.fromisoformat(due_at), allow_late_submission=True)
    with time_machine.travel(datetime.fromisoformat(submitted_at), tick=False), timezone.override("Asia/Tokyo"):
        made = submissions.submit(actor=enrollment.user, assignment=task, content="Tea.")
    assert made.days_late == days


@pytest.mark.quality("S02")
@pytest.mark.parametrize(
    ("raw", "percent", "days", "lost"),
    [(85, 10, 1, 9), (84, 10, 1, 8), (1, 50, 1, 1), (1, 49, 1, 0), (100, 30, 4, 100), (0, 30, 4, 0), (50, 0, 9, 0)],
)
def test_the_penalty_is_linear_rounded_half_up_and_at_most_the_grade(
    raw: int, percent: int, days: int, lost: int
) -> None:
    assert calculate_penalty(raw=raw, percent=percent, days=days) == lost


@pytest.mark.quality("S02")
def test_rejected_late_work_stores_no_submission_and_no_file(
    course: Course, enrollment: Enrollment, api_of: Callable[[User], APIClient]
) -> None:
    task = write_assignment(course, due_at=timezone.now() - timedelta(minutes=5))
    body = {"content": "Late.", "file": upload("a.pdf", PDF)}
    answer = api_of(enrollment.user).post(submit_url(task), body, format="multipart")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "past_due")
    assert (Submission.objects.count(), File.objects.count()) == (0, 0)


@pytest.mark.quality("S02")
def test_an_extension_changes_the_due_date_of_one_student(course: Course, enrollment: Enrollment) -> None:
    past = timezone.now() - timedelta(days=1)
    task = write_assignment(course, due_at=past, closes_at=past)
    with pytest.raises(AssignmentError):
        submissions.submit(actor=enrollment.user, assignment=task, content="Late.")
    later = timezone.now() + timedelta(days=1)
    grant_extension(actor=course.instructor, item=task, enrollment=enrollment, due_at=later, reason="ill")
    assert not submissions.submit(actor=enrollment.user, assignment=task, content="In time.").is_late


def test_text_and_files_are_submitted_together_and_a_receipt_is_emailed(
    course: Course,
    enrollment: Enrollment,
    api_of: Callable[[User], APIClient],
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    task = write_assignment(course)
    client = api_of(enrollment.user)
    uploaded = client.post(
        "/api/v1/files/upload",
        {"file": upload("one.pdf", PDF), "purpose": "submission", "assignment_id": str(task.pk)},
        format="multipart",
    ).json()
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        body = {
            "content": "See the file.",
            "file_ids": [uploaded["id"]],
            "file": [upload("two.pdf", PDF), upload("n.txt", b"n")],
        }
        answer = client.post(submit_url(task), body, format="multipart")
    assert answer.status_code == 201, answer.content
    names = [one["file"]["original_filename"] for one in answer.json()["files"]]
    assert (names, answer.json()["attempt"]) == (["one.pdf", "two.pdf", "n.txt"], 1)
    assert [(message.to, message.subject) for message in mail.outbox] == [
        ([enrollment.user.email], f"Submitted: {task.title}")
    ]
    assert "two.pdf" in mail.outbox[0].body


@pytest.mark.quality("S06")
def test_only_own_uploads_for_this_assignment_can_be_submitted(
    course: Course, enrollment: Enrollment, alice: User, api_of: Callable[[User], APIClient]
) -> None:
    task, other = write_assignment(course), write_assignment(course, title="Another")
    this_assignment = {"file": upload("a.pdf", PDF), "purpose": "submission", "assignment_id": str(task.pk)}
    alices_file = api_of(alice).post("/api/v1/files/upload", this_assignment, format="multipart").json()["id"]
    other_assignment = {"file": upload("a.pdf", PDF), "purpose": "submission", "assignment_id": str(other.pk)}
    client = api_of(enrollment.user)
    bobs_file = client.post("/api/v1/files/upload", other_assignment, format="multipart").json()["id"]
    for file_id in (alices_file, bobs_file, str(task.pk)):
        assert client.post(submit_url(task), {"file_ids": [file_id]}).status_code == 404
    assert client.post(submit_url(task), {"file_ids": ["file:///etc/passwd"]}).status_code == 400
    for field in ("file_url", "file"):
        answer = client.post(submit_url(task), {field: "http://127.0.0.1:9/x"})
        assert answer.status_code == 400
    assert Submission.objects.count() == 0


@pytest.mark.quality("S03")
def test_students_cannot_set_their_own_grade(
    course: Course, enrollment: Enrollment, api_of: Callable[[User], APIClient]
) -> None:
    task = write_assignment(course)
    claimed = {"content": "Mine.", "grade": 10, "raw_grade": 10, "graded_by": str(enrollment.user_id), "attempt": 9}
    answer = api_of(enrollment.user).post(submit_url(task), claimed).json()
    assert (answer["grade"], answer["graded_by"], answer["attempt"]) == (None, None, 1)


def test_other_file_types_and_empty_submissions_are_rejected(course: Course, enrollment: Enrollment) -> None:
    task = write_assignment(course, allowed_file_types=["pdf"])
    for name, content in {"a.txt": b"text", "a.svg": SVG}.items():
        with pytest.raises(Exception, match="accepts: pdf"):
            submissions.submit(actor=enrollment.user, assignment=task, uploads=[upload(name, content)])
    with pytest.raises(AssignmentError) as empty:
        submissions.submit(actor=enrollment.user, assignment=task, content="  \n ")
    assert empty.value.code == "nothing_handed_in"
    assert submissions.submit(actor=enrollment.user, assignment=task, uploads=[upload("a.pdf", PDF)]).attempt == 1


@pytest.mark.quality("S04")
def test_versions_are_accepted_up_to_the_limit_and_until_graded(course: Course, enrollment: Enrollment) -> None:
    bob, task = enrollment.user, write_assignment(course, max_attempts=2)
    first = submissions.submit(actor=bob, assignment=task, content="One.")
    second = submissions.submit(actor=bob, assignment=task, content="Two.")
    assert (first.attempt, second.attempt) == (1, 2)
    with pytest.raises(AssignmentError) as raised:
        submissions.submit(actor=bob, assignment=task, content="Three.")
    assert raised.value.code == "no_attempts_left"
    with pytest.raises(AssignmentError) as old:
        grade_submission(actor=course.instructor, submission=first, grade=5)
    assert old.value.code == "superseded"
    grade_submission(actor=course.instructor, submission=second, grade=5)
    with pytest.raises(AssignmentError) as graded:
        submissions.submit(actor=bob, assignment=task, content="Four.")
    assert graded.value.code == "already_graded"
    assert list(Submission.objects.values_list("content", flat=True).order_by("attempt")) == ["One.", "Two."]


@pytest.mark.postgres
@pytest.mark.quality("S04")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("locked", [True, False])
def test_ten_concurrent_submissions_get_different_numbers(
    locked: bool, course: Course, enrollment: Enrollment, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = write_assignment(course)
    original = submissions.get_submission_status

    def slow_status(*args: Any) -> Any:
        status = original(*args)
        time.sleep(0.1)
        return status

    monkeypatch.setattr(submissions, "get_submission_status", slow_status)
    if not locked:  # the control: without the lock, concurrent submissions get the same number, and all but one fail
        monkeypatch.setattr("django.db.models.query.QuerySet.select_for_update", lambda self, **options: self)
    outcomes = run_concurrently(
        10,
        lambda number: submissions.submit(
            actor=enrollment.user, assignment=task, content=f"Text {number}", uploads=[upload("a.pdf", PDF)]
        ),
    )
    attempts = sorted(Submission.objects.values_list("attempt", flat=True))
    if locked:
        assert (attempts, File.objects.count()) == (list(range(1, 11)), 10), count_outcomes(outcomes)
        assert {submission.content for submission in outcomes} == {f"Text {number}" for number in range(10)}
    else:
        assert len(attempts) < 10
    assert File.objects.count() == len(attempts)  # rejected submissions leave no file


def test_a_draft_is_restored_until_it_is_submitted(
    course: Course, enrollment: Enrollment, browser_of: Callable[[User], Client]
) -> None:
    task, bob = write_assignment(course), browser_of(enrollment.user)
    page = f"/learn/tea/assignments/{task.pk}/"
    assert bob.post(f"{page}draft/", {"content": "Half a thought"}).status_code == 200
    assert "Half a thought" in bob.get(page).text
    assert Submission.objects.count() == 0
    assert bob.post(page, {"content": "A whole thought"}).status_code == 302
    assert SubmissionDraft.objects.count() == 0
    response = bob.post(page, {"content": ""})
    assert response.status_code == 400


def test_a_required_assignment_must_be_passed_for_completion(course: Course, enrollment: Enrollment) -> None:
    task = write_assignment(course, is_required=True, passing_points=6)
    missing = "the assignment “Brew a pot”"
    assert missing in missing_for_completion(enrollment)
    made = submissions.submit(actor=enrollment.user, assignment=task, content="Tea.")
    made = grade_submission(actor=course.instructor, submission=made, grade=5)
    assert missing in missing_for_completion(enrollment)
    grade_submission(actor=course.instructor, submission=made, grade=6, reason="Looked again.")
    assert missing not in missing_for_completion(enrollment)


@pytest.mark.quality("S08")
def test_an_aborted_upload_stores_no_submission_and_no_file(
    course: Course, enrollment: Enrollment, live_site: str, settings: Any, tmp_path: Path
) -> None:
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path / "temporary")
    Path(settings.FILE_UPLOAD_TEMP_DIR).mkdir()
    task = write_assignment(course)
    token = start_session(user=enrollment.user).access_token
    half = (
        f"POST {submit_url(task)} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 8000000\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7\n'
    ).encode() + b"x" * 4_000_000
    parts = urlsplit(live_site)
    with socket.create_connection((parts.hostname, parts.port)) as line:
        line.sendall(half)
    time.sleep(1)
    assert Submission.objects.count() == 0
    assert File.objects.count() == 0
    assert list(Path(settings.FILE_UPLOAD_TEMP_DIR).iterdir()) == []
