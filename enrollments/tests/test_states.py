"""Tests for the state machine of enrollments, and for enrollments that end while a service runs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from time import monotonic
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from assignments import grading, submissions
from assignments.models import Submission
from assignments.tests.samples import write_assignment
from certificates.models import Certificate
from certificates.services import generate
from core.http.errors import DomainError
from courses.models import Course
from enrollments import completion, services
from enrollments.grades import record_grade
from enrollments.models import Enrollment, GradeEntry, LessonProgress, Review
from enrollments.rooms import course_room
from enrollments.states import ENROLLMENT, EnrollmentState
from files.tests.samples import PDF, upload
from quizzes import attempts
from quizzes.models import Attempt
from quizzes.tests.conftest import RIGHT, answers_for, make_quiz
from realtime import chat
from realtime.models import Message
from tools.testing.plugin import buy_course, complete_all_lessons, make_graded_item
from tools.testing.transitions import assert_follows, every_case

pytestmark = pytest.mark.quality("V06")

QUESTION = {"question_type": "true_false", "question_text": "Tea is a plant.", "points": 4, "correct_answer": "true"}
Operation = Callable[[Enrollment], Any]


def finish_lessons(enrollment: Enrollment) -> None:
    """Complete all lessons without completing the course."""
    LessonProgress.objects.bulk_create(
        LessonProgress(enrollment=enrollment, lesson=lesson, completed_at=timezone.now())
        for lesson in enrollment.course.lessons.all()
    )


def end(enrollment: Enrollment) -> None:
    services.end_enrollment(actor=enrollment.course.instructor, enrollment=enrollment, reason="Refunded")


def bar(enrollment: Enrollment) -> None:
    services.end_enrollment(actor=enrollment.course.instructor, enrollment=enrollment, reason="Cheating", bar=True)


def readmit(enrollment: Enrollment) -> Enrollment:
    return services.readmit_student(actor=enrollment.course.instructor, enrollment=enrollment)


def enroll(enrollment: Enrollment) -> Enrollment:
    return services.enroll(actor=enrollment.user, user=enrollment.user, course=enrollment.course)


def complete_lesson(enrollment: Enrollment) -> Enrollment:
    lesson = enrollment.course.lessons.first()
    return services.complete_lesson(actor=enrollment.user, enrollment=enrollment, lesson_id=lesson.pk)


def complete(enrollment: Enrollment) -> Enrollment:
    return services.complete_course(actor=enrollment.user, enrollment=enrollment)


def complete_if_done(enrollment: Enrollment) -> int:
    return completion.complete_finished_enrollments(course_id=enrollment.course_id)


def grade(enrollment: Enrollment) -> GradeEntry:
    item = make_graded_item(enrollment.course)
    return record_grade(actor=None, item=item, enrollment=enrollment, points=Decimal(5))


def review(enrollment: Enrollment) -> Review:
    return services.write_review(actor=enrollment.user, course=enrollment.course, rating=5, comment="Warm.")


@transaction.atomic
def work(enrollment: Enrollment) -> None:
    """Save an answer of a running attempt, after the state check under lock that other services of work do."""
    state = Enrollment.objects.select_for_update().get(pk=enrollment.pk).state
    ENROLLMENT.check("work", state, raises=attempts.AttemptError)
    attempt = Attempt.objects.create(
        quiz=make_quiz(enrollment.course.instructor, enrollment.course, [QUESTION]), enrollment=enrollment, number=1,
        seed=1, points_possible=4,
    )  # fmt: skip
    attempts.save_answers(actor=enrollment.user, attempt=attempt, answers={})


OPERATIONS: dict[str, Operation] = {
    "enroll": enroll,
    "end": end,
    "bar": bar,
    "readmit": readmit,
    "complete_lesson": complete_lesson,
    "complete": complete,
    "complete_if_done": complete_if_done,
    "work": work,
    "review": review,
    "grade": grade,
}


@pytest.mark.parametrize(("operation", "state"), every_case(ENROLLMENT))
def test_every_operation_on_every_state_of_an_enrollment(
    enrollment: Enrollment, operation: str, state: EnrollmentState
) -> None:
    finish_lessons(enrollment)
    if state == EnrollmentState.COMPLETED:
        complete(enrollment)
    if state == EnrollmentState.ENDED:
        end(enrollment)
    if state == EnrollmentState.BARRED:
        bar(enrollment)
    assert_follows(
        ENROLLMENT,
        operation,
        state,
        lambda: OPERATIONS[operation](enrollment),
        lambda: Enrollment.objects.get(pk=enrollment.pk).state,
    )


# Each function prepares data for an active enrollment and returns the operation of the student.
def prepare_complete(enrollment: Enrollment) -> Operation:
    finish_lessons(enrollment)
    return complete


def prepare_complete_lesson(enrollment: Enrollment) -> Operation:
    return complete_lesson


def prepare_start_attempt(enrollment: Enrollment) -> Operation:
    quiz = make_quiz(enrollment.course.instructor, enrollment.course, [QUESTION])
    return lambda enrollment: attempts.start_attempt(actor=enrollment.user, quiz=quiz)


def start_attempt(enrollment: Enrollment) -> tuple[Attempt, dict[str, Any]]:
    quiz = make_quiz(enrollment.course.instructor, enrollment.course)
    attempt = attempts.get_own_attempt(enrollment.user, attempts.start_attempt(actor=enrollment.user, quiz=quiz)[0].pk)
    assert attempt is not None
    return attempt, answers_for(attempt, RIGHT)


def prepare_save_answers(enrollment: Enrollment) -> Operation:
    attempt, answers = start_attempt(enrollment)
    return lambda enrollment: attempts.save_answers(actor=enrollment.user, attempt=attempt, answers=answers)


def prepare_submit_attempt(enrollment: Enrollment) -> Operation:
    attempt, answers = start_attempt(enrollment)
    return lambda enrollment: attempts.submit_attempt(actor=enrollment.user, attempt=attempt, answers=answers)


def prepare_submit_assignment(enrollment: Enrollment) -> Operation:
    assignment = write_assignment(enrollment.course)
    return lambda enrollment: submissions.submit(actor=enrollment.user, assignment=assignment, content="A pot")


def prepare_review(enrollment: Enrollment) -> Operation:
    return review


def prepare_change_review(enrollment: Enrollment) -> Operation:
    written = review(enrollment)
    return lambda enrollment: services.change_review(actor=enrollment.user, review=written, rating=1, comment="Cold.")


def prepare_generate_certificate(enrollment: Enrollment) -> Operation:
    Enrollment.objects.filter(pk=enrollment.pk).update(completed_at=timezone.now())
    return lambda enrollment: generate(actor=enrollment.user, enrollment=Enrollment.objects.get(pk=enrollment.pk))


UNDER_LOCK = [
    prepare_complete, prepare_complete_lesson, prepare_start_attempt, prepare_submit_attempt,
    prepare_submit_assignment, prepare_review, prepare_change_review, prepare_generate_certificate,
]  # fmt: skip
CREATED_MODELS = (Certificate, Submission, GradeEntry)


@pytest.mark.parametrize("prepare", [*UNDER_LOCK, prepare_save_answers])
def test_a_student_whose_enrollment_has_ended_is_refused(
    enrollment: Enrollment, prepare: Callable[[Enrollment], Operation]
) -> None:
    """The services get objects that were loaded before the enrollment ended, as in a slow request."""
    act = prepare(enrollment)
    end(enrollment)
    with pytest.raises(DomainError) as refused:
        act(enrollment)
    assert refused.value.code == "not_enrolled"
    assert not any(model.objects.exists() for model in CREATED_MODELS)  # type: ignore[attr-defined]  # models


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("prepare", UNDER_LOCK)
def test_a_service_that_waits_for_the_lock_sees_the_end_of_the_enrollment(
    enrollment: Enrollment, prepare: Callable[[Enrollment], Operation]
) -> None:
    act = prepare(enrollment)

    def run() -> Any:
        try:
            return act(enrollment)
        except DomainError as error:
            return error.code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            end(enrollment)
            outcome = pool.submit(run)
            until = monotonic() + 30
            while not outcome.done() and not is_blocking_a_connection() and monotonic() < until:
                continue
        assert outcome.result(timeout=30) == "not_enrolled"


def is_blocking_a_connection() -> bool:
    """Return whether another connection waits for a lock that this one holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"
        )
        return bool(cursor.fetchone()[0])


def test_an_attempt_is_not_started_when_the_enrollment_ends_after_the_check(
    enrollment: Enrollment, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = prepare_start_attempt(enrollment)
    monkeypatch.setattr(attempts, "close_if_overdue", lambda _attempt: end(enrollment))
    with pytest.raises(DomainError) as refused:
        act(enrollment)
    assert (refused.value.code, Attempt.objects.count()) == ("not_enrolled", 0)


def test_no_submission_is_created_if_the_enrollment_ends_during_the_upload(
    enrollment: Enrollment, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = submissions.files.upload

    def upload_and_end(**fields: Any) -> Any:
        stored = store(**fields)
        end(enrollment)
        return stored

    monkeypatch.setattr(submissions.files, "upload", upload_and_end)
    assignment = write_assignment(enrollment.course)
    with pytest.raises(DomainError) as refused:
        submissions.submit(actor=enrollment.user, assignment=assignment, uploads=[upload("tea.pdf", PDF)])
    assert (refused.value.code, Submission.objects.count()) == ("not_enrolled", 0)


def test_a_refunded_student_gets_neither_completion_nor_certificate(
    bob: User, paid_course: Course, api_of: Callable
) -> None:
    buy_course(bob, paid_course)
    enrollment = Enrollment.objects.get(user=bob)
    finish_lessons(enrollment)
    services.end_enrollment(actor=None, enrollment=enrollment, reason="The payment was refunded.")
    api: APIClient = api_of(bob)
    for address in (f"/api/v1/enrollments/{enrollment.pk}/complete", f"/api/v1/certificates/generate/{enrollment.pk}"):
        answer = api.post(address)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "not_enrolled")
    enrollment.refresh_from_db()
    assert (enrollment.completed_at, Certificate.objects.count()) == (None, 0)


def test_work_of_an_ended_enrollment_is_graded_without_completing_it(alice: User, enrollment: Enrollment) -> None:
    assignment = write_assignment(enrollment.course, is_required=True)
    submission = submissions.submit(actor=enrollment.user, assignment=assignment, content="A pot")
    complete_all_lessons(enrollment)
    end(enrollment)
    grading.grade_submission(actor=alice, submission=submission, grade=10)
    enrollment.refresh_from_db()
    assert (GradeEntry.objects.get().points, enrollment.completed_at) == (10, None)


def test_a_student_whose_enrollment_has_ended_cannot_write_in_the_chat(enrollment: Enrollment) -> None:
    room = course_room(enrollment.course)
    message = chat.post(actor=enrollment.user, room=room, text="Hello")
    end(enrollment)
    with pytest.raises(chat.ChatError) as refused:
        chat.post(actor=enrollment.user, room=room, text="Hello again")
    assert (refused.value.code, refused.value.status) == ("not_a_member", 403)
    with pytest.raises(chat.ChatError, match="no longer"):
        chat.edit(actor=enrollment.user, message=message, text="Other")
    assert Message.objects.get().text == "Hello"
