"""Tests for the completion of enrollments after changes of courses, graded items and grades."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from assignments.models import Assignment
from assignments.submissions import submit
from assignments.tests.samples import write_assignment
from certificates.models import Certificate
from core.models import AuditEntry
from courses import services as courses
from courses.models import CompletionRule, Course, Lesson
from enrollments import completion, services
from enrollments.models import Enrollment, LessonProgress
from enrollments.tasks import complete_finished_enrollments
from quizzes import attempts, editor
from quizzes.models import Quiz
from quizzes.tests.conftest import answers_for, make_quiz
from tools.testing.plugin import complete_all_lessons, make_course, make_user

QUESTION = {"question_type": "true_false", "question_text": "Tea is a plant.", "points": 4, "correct_answer": "true"}
OTHER = {"question_type": "true_false", "question_text": "Tea is a stone.", "points": 6, "correct_answer": "false"}
Commits = Callable[..., Any]


@pytest.fixture
def commits(django_capture_on_commit_callbacks: Any) -> Commits:
    """Return a context manager that runs the on-commit callbacks."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def last_lesson(bob: User, course: Course, enrollment: Enrollment) -> Lesson:
    """Complete all lessons but the last for Bob; return the last one."""
    *done, last = course.lessons.all()
    for lesson in done:
        services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=lesson.pk)
    return last


@pytest.fixture
def quiz(alice: User, bob: User, course: Course, enrollment: Enrollment) -> Quiz:
    """Return a required quiz that Bob failed with 6 of 10 points; he has completed all lessons."""
    quiz = make_quiz(alice, course, [QUESTION, OTHER], is_required=True)
    attempt = attempts.start_attempt(actor=bob, quiz=quiz)[0]
    attempts.submit_attempt(actor=bob, attempt=attempt, answers=answers_for(attempt, [False, False]))
    complete_all_lessons(enrollment)
    return quiz


@pytest.fixture
def assignment(bob: User, course: Course, enrollment: Enrollment) -> Assignment:
    """Return a required assignment without a submission of Bob; he has completed all lessons."""
    assignment = write_assignment(course, is_required=True, passing_points=6)
    complete_all_lessons(enrollment)
    return assignment


def assert_completed(enrollment: Enrollment) -> None:
    """Assert that the enrollment was completed once: one certificate, one audit entry and one email."""
    enrollment.refresh_from_db()
    assert enrollment.completed_at is not None
    assert Certificate.objects.filter(enrollment=enrollment).count() == 1
    assert AuditEntry.objects.filter(action="enrollments.completed").count() == 1
    assert len([one for one in mail.outbox if "certificate" in one.subject.lower()]) == 1


def assert_not_completed(enrollment: Enrollment) -> None:
    enrollment.refresh_from_db()
    assert enrollment.completed_at is None


@pytest.mark.usefixtures("last_lesson")
@pytest.mark.parametrize("change", ["delete", "withdraw"])
def test_removing_the_last_open_lesson_by_api_completes(
    alice: User, enrollment: Enrollment, last_lesson: Lesson, api_of: Callable, commits: Commits, change: str
) -> None:
    address = f"/api/v1/courses/{last_lesson.course_id}/lessons/{last_lesson.pk}"
    api: APIClient = api_of(alice)
    with commits():
        answer = api.delete(address) if change == "delete" else api.patch(address, {"is_published": False})
    assert answer.status_code in (200, 204)
    assert_completed(enrollment)


def test_deleting_the_last_open_lesson_on_the_page_completes(
    alice: User, course: Course, enrollment: Enrollment, last_lesson: Lesson, browser_of: Callable, commits: Commits
) -> None:
    browser: Client = browser_of(alice)
    with commits():
        browser.post(f"/teach/courses/{course.slug}/lessons/{last_lesson.pk}/delete/")
    assert not Lesson.objects.filter(pk=last_lesson.pk).exists()
    assert_completed(enrollment)


def test_lowering_the_share_of_a_watched_video_completes(
    alice: User, course: Course, enrollment: Enrollment, last_lesson: Lesson, api_of: Callable, commits: Commits
) -> None:
    video = {"video_url": "https://cdn.example/film.mp4", "video_seconds": 120, "video_share": 90}
    courses.update_lesson(actor=alice, lesson=last_lesson, completion_rule=CompletionRule.VIDEO, **video)
    LessonProgress.objects.create(enrollment=enrollment, lesson=last_lesson, watched_seconds=61)
    address = f"/api/v1/courses/{course.pk}/lessons/{last_lesson.pk}"
    with commits():
        assert api_of(alice).patch(address, {"video_share": 51}).status_code == 200
    assert_not_completed(enrollment)  # requires 62 seconds
    with commits():
        assert api_of(alice).patch(address, {"video_share": 50}).status_code == 200
    assert_completed(enrollment)


def test_lessons_changed_in_an_unpublished_course_count_after_publishing(
    alice: User, course: Course, enrollment: Enrollment, last_lesson: Lesson, api_of: Callable, commits: Commits
) -> None:
    api: APIClient = api_of(alice)
    with commits():
        api.post(f"/api/v1/courses/{course.pk}/unpublish")
        api.delete(f"/api/v1/courses/{course.pk}/lessons/{last_lesson.pk}")
    assert_not_completed(enrollment)
    with commits():
        api.post(f"/api/v1/courses/{course.pk}/publish")
    assert_completed(enrollment)


@pytest.mark.parametrize(
    "fields", [{"is_published": False}, {"is_required": False}, {"passing_score_percentage": 60}], ids=str
)
def test_relaxing_a_quiz_completes(
    alice: User, enrollment: Enrollment, quiz: Quiz, api_of: Callable, commits: Commits, fields: dict[str, Any]
) -> None:
    assert_not_completed(enrollment)
    with commits():
        assert api_of(alice).patch(f"/api/v1/quizzes/{quiz.pk}", fields).status_code == 200
    assert_completed(enrollment)


def test_unpublishing_a_quiz_completes(
    alice: User, enrollment: Enrollment, quiz: Quiz, api_of: Callable, commits: Commits
) -> None:
    with commits():
        assert api_of(alice).post(f"/api/v1/quizzes/{quiz.pk}/unpublish").status_code == 200
    assert_completed(enrollment)


def test_a_lower_pass_mark_passes_earlier_attempts(alice: User, quiz: Quiz, api_of: Callable, commits: Commits) -> None:
    def passed_at(percent: int) -> bool | None:
        with commits():
            api_of(alice).patch(f"/api/v1/quizzes/{quiz.pk}", {"passing_score_percentage": percent})
        return quiz.attempts.get().passed

    assert [passed_at(61), passed_at(60), passed_at(100)] == [False, True, True]


def test_deleting_a_quiz_completes(
    alice: User, course: Course, enrollment: Enrollment, api_of: Callable, commits: Commits
) -> None:
    quiz = make_quiz(alice, course, [QUESTION], is_required=True)
    complete_all_lessons(enrollment)
    assert_not_completed(enrollment)
    with commits():
        assert api_of(alice).delete(f"/api/v1/quizzes/{quiz.pk}").status_code == 204
    assert_completed(enrollment)


def test_a_regrade_that_passes_with_the_same_points_completes(
    alice: User, bob: User, course: Course, enrollment: Enrollment, api_of: Callable, commits: Commits
) -> None:
    quiz = make_quiz(alice, course, [QUESTION, OTHER], is_required=True)
    attempt = attempts.start_attempt(actor=bob, quiz=quiz)[0]
    attempts.submit_attempt(actor=bob, attempt=attempt, answers=answers_for(attempt, [False, False]))
    complete_all_lessons(enrollment)
    wrong = quiz.questions.order_by("order")[0]
    editor.change_question(actor=alice, question=wrong, points=2)
    assert_not_completed(enrollment)
    with commits():
        address = f"/api/v1/quizzes/{quiz.pk}/regrade"
        assert api_of(alice).post(address, {"reason": "Too many points"}).status_code == 200
    assert_completed(enrollment)


@pytest.mark.parametrize("grade", [{"is_excused": "on"}, {"points": "7"}], ids=str)
def test_excusing_or_grading_a_quiz_in_the_gradebook_completes(
    alice: User,
    course: Course,
    enrollment: Enrollment,
    quiz: Quiz,
    browser_of: Callable,
    commits: Commits,
    grade: dict[str, str],
) -> None:
    with commits():
        address = f"/teach/courses/{course.slug}/gradebook/{quiz.pk}/{enrollment.pk}/"
        answer = browser_of(alice).post(address, {"reason": "She was ill", **grade})
    assert answer.status_code == 302
    assert_completed(enrollment)


def test_a_grade_below_the_pass_mark_in_the_gradebook_does_not_complete(
    alice: User, course: Course, enrollment: Enrollment, quiz: Quiz, browser_of: Callable, commits: Commits
) -> None:
    with commits():
        address = f"/teach/courses/{course.slug}/gradebook/{quiz.pk}/{enrollment.pk}/"
        assert browser_of(alice).post(address, {"reason": "Tried", "points": "6.99"}).status_code == 302
    assert_not_completed(enrollment)


@pytest.mark.parametrize("fields", [{"is_published": False}, {"is_required": False}], ids=str)
def test_making_an_assignment_unpublished_or_optional_completes(
    alice: User,
    enrollment: Enrollment,
    assignment: Assignment,
    api_of: Callable,
    commits: Commits,
    fields: dict[str, Any],
) -> None:
    assert_not_completed(enrollment)
    with commits():
        assert api_of(alice).patch(f"/api/v1/assignments/{assignment.pk}", fields).status_code == 200
    assert_completed(enrollment)


def test_deleting_an_assignment_completes(
    alice: User, enrollment: Enrollment, assignment: Assignment, api_of: Callable, commits: Commits
) -> None:
    with commits():
        assert api_of(alice).delete(f"/api/v1/assignments/{assignment.pk}").status_code == 204
    assert_completed(enrollment)


def test_lowering_the_pass_mark_of_an_assignment_completes(
    alice: User, bob: User, enrollment: Enrollment, assignment: Assignment, api_of: Callable, commits: Commits
) -> None:
    api: APIClient = api_of(alice)
    submission = submit(actor=bob, assignment=assignment, content="My pot")
    assert api.post(f"/api/v1/assignments/submissions/{submission.pk}/grade", {"grade": 5}).status_code == 200
    assert_not_completed(enrollment)
    with commits():
        assert api.patch(f"/api/v1/assignments/{assignment.pk}", {"passing_points": 5}).status_code == 200
    assert_completed(enrollment)


def test_resuming_an_enrollment_completes_if_all_requirements_are_met(
    alice: User, bob: User, course: Course, enrollment: Enrollment, last_lesson: Lesson, commits: Commits
) -> None:
    services.end_enrollment(actor=alice, enrollment=enrollment, reason="Asked to leave")
    with commits():
        courses.delete_lesson(actor=alice, lesson=last_lesson)
    assert_not_completed(enrollment)
    with commits():
        services.enroll(actor=bob, user=bob, course=course)
    assert_completed(enrollment)


def test_completed_and_ended_enrollments_do_not_change(
    alice: User, carol: User, course: Course, enrollment: Enrollment, commits: Commits
) -> None:
    completed_at = complete_all_lessons(enrollment).completed_at
    ended = services.enroll(actor=carol, user=carol, course=course)
    *done, last = course.lessons.all()
    for lesson in done:
        services.complete_lesson(actor=carol, enrollment=ended, lesson_id=lesson.pk)
    services.end_enrollment(actor=alice, enrollment=ended, reason="Asked to leave")
    with commits():
        courses.delete_lesson(actor=alice, lesson=last)
    enrollment.refresh_from_db()
    assert enrollment.completed_at == completed_at
    assert_not_completed(ended)
    assert Certificate.objects.count() == 1


@pytest.mark.usefixtures("last_lesson")
def test_the_completion_task_is_idempotent(
    course: Course, enrollment: Enrollment, last_lesson: Lesson, commits: Commits
) -> None:
    Lesson.objects.filter(pk=last_lesson.pk).update(is_published=False)
    courses.recount_lessons(course=course)
    with commits():
        assert [complete_finished_enrollments(str(course.pk)) for _time in range(2)] == [1, 0]
    assert_completed(enrollment)
    assert complete_finished_enrollments(str(uuid.uuid4())) == 0


def test_the_task_loads_only_finished_students_one_by_one(
    alice: User, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    """One query for the course and one for each chunk, for any number of unfinished students."""
    monkeypatch.setattr(completion, "CHUNK_SIZE", 4)
    course = make_course(alice, "Cocoa")
    for number in range(10):
        services.enroll(actor=alice, user=make_user(f"Student{number}"), course=course)
    with django_assert_num_queries(2):
        complete_finished_enrollments(str(course.pk))
    lessons = list(course.lessons.all())
    LessonProgress.objects.bulk_create(
        LessonProgress(enrollment=one, lesson=lesson, completed_at=one.enrolled_at)
        for one in Enrollment.objects.filter(course=course)
        for lesson in lessons
    )
    make_quiz(alice, course, [QUESTION], is_required=True)
    # The course; three chunks and an empty one; for each of ten students two savepoint statements, the lock, watched
    # videos, unfinished lessons, progress, and the requirements: lessons (2), quizzes (2), assignments (1).
    assert len(lessons) == 3
    with django_assert_num_queries(1 + 4 + 10 * 11):
        complete_finished_enrollments(str(course.pk))


def test_the_task_completes_students_of_all_chunks(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "CHUNK_SIZE", 2)
    course = make_course(alice, "Cocoa", lessons=2)
    first, second = course.lessons.all()
    for number in range(5):
        user = make_user(f"Student{number}")
        enrollment = services.enroll(actor=user, user=user, course=course)
        services.complete_lesson(actor=user, enrollment=enrollment, lesson_id=first.pk)
    courses.delete_lesson(actor=alice, lesson=second)
    assert complete_finished_enrollments(str(course.pk)) == 5
    assert Certificate.objects.count() == 5


def test_a_command_completes_students_who_are_stuck_since_an_earlier_version(
    course: Course, enrollment: Enrollment, commits: Commits, capsys: pytest.CaptureFixture[str]
) -> None:
    done, *others = course.lessons.order_by("order")
    services.complete_lesson(actor=enrollment.user, enrollment=enrollment, lesson_id=done.pk)
    Lesson.objects.filter(pk__in=[lesson.pk for lesson in others]).update(is_published=False)
    Course.objects.filter(pk=course.pk).update(lessons_count=1)
    draft = make_course(course.instructor, "Draft", lessons=1)
    Course.objects.filter(pk=draft.pk).update(is_published=False)
    for _repeat in range(2):
        with commits():
            call_command("recheck_completions")
        assert capsys.readouterr().out == "Queued the check of 1 published courses.\n"
    enrollment.refresh_from_db()
    assert enrollment.completed_at is not None
    assert enrollment.events.filter(kind="completed").count() == 1
