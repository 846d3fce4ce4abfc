"""Completion of enrollments after the course, its work or its grades have changed."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from assignments.handing_in import submit
from assignments.models import Assignment
from assignments.tests.samples import write_assignment
from certificates.models import Certificate
from courses import services as courses
from courses.models import CompletionRule, Course, Lesson
from enrollments import completion, services
from enrollments.models import Enrollment, LessonProgress
from enrollments.tasks import complete_finished_enrollments
from lms.platform.models import AuditEntry
from lms.testing.plugin import complete_all_lessons, make_course, person
from quizzes import attempts, authoring
from quizzes.models import Quiz
from quizzes.tests.conftest import answers_for, make_quiz

QUESTION = {"question_type": "true_false", "question_text": "Tea is a plant.", "points": 4, "correct_answer": "true"}
OTHER = {"question_type": "true_false", "question_text": "Tea is a stone.", "points": 6, "correct_answer": "false"}
Commits = Callable[..., Any]


@pytest.fixture
def commits(django_capture_on_commit_callbacks: Any) -> Commits:
    """Return a context manager that runs what is scheduled for after the commit."""
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def almost_done(bob: User, course: Course, enrollment: Enrollment) -> Lesson:
    """The last lesson, the only one that Bob has not completed."""
    *done, last = course.lessons.all()
    for lesson in done:
        services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=lesson.pk)
    return last


@pytest.fixture
def quiz(alice: User, bob: User, course: Course, enrollment: Enrollment) -> Quiz:
    """A required quiz that Bob failed with 6 of 10 points; he has completed all lessons."""
    quiz = make_quiz(alice, course, [QUESTION, OTHER], is_required=True)
    attempt = attempts.start(actor=bob, quiz=quiz)[0]
    attempts.submit(actor=bob, attempt=attempt, answers=answers_for(attempt, [False, False]))
    complete_all_lessons(enrollment)
    return quiz


@pytest.fixture
def assignment(bob: User, course: Course, enrollment: Enrollment) -> Assignment:
    """A required assignment that Bob has not handed in; he has completed all lessons."""
    assignment = write_assignment(course, is_required=True, passing_points=6)
    complete_all_lessons(enrollment)
    return assignment


def assert_completed(enrollment: Enrollment) -> None:
    """Check that the enrollment was completed once, with one certificate, one audit entry and one mail about it."""
    enrollment.refresh_from_db()
    assert enrollment.completed_at is not None
    assert Certificate.objects.filter(enrollment=enrollment).count() == 1
    assert AuditEntry.objects.filter(action="enrollments.completed").count() == 1
    assert len([one for one in mail.outbox if "certificate" in one.subject.lower()]) == 1


def assert_not_completed(enrollment: Enrollment) -> None:
    enrollment.refresh_from_db()
    assert enrollment.completed_at is None


@pytest.mark.usefixtures("almost_done")
@pytest.mark.parametrize("change", ["delete", "withdraw"])
def test_a_missing_lesson_that_goes_completes_by_api(
    alice: User, enrollment: Enrollment, almost_done: Lesson, api_of: Callable, commits: Commits, change: str
) -> None:
    address = f"/api/v1/courses/{almost_done.course_id}/lessons/{almost_done.pk}"
    api: APIClient = api_of(alice)
    with commits():
        answer = api.delete(address) if change == "delete" else api.patch(address, {"is_published": False})
    assert answer.status_code in (200, 204)
    assert_completed(enrollment)


def test_a_missing_lesson_deleted_on_the_page_completes(
    alice: User, course: Course, enrollment: Enrollment, almost_done: Lesson, browser_of: Callable, commits: Commits
) -> None:
    browser: Client = browser_of(alice)
    with commits():
        browser.post(f"/teach/courses/{course.slug}/lessons/{almost_done.pk}/delete/")
    assert not Lesson.objects.filter(pk=almost_done.pk).exists()
    assert_completed(enrollment)


def test_a_lower_share_of_a_watched_video_completes(
    alice: User, course: Course, enrollment: Enrollment, almost_done: Lesson, api_of: Callable, commits: Commits
) -> None:
    film = {"video_url": "https://cdn.example/film.mp4", "video_seconds": 120, "video_share": 90}
    courses.update_lesson(actor=alice, lesson=almost_done, completion_rule=CompletionRule.VIDEO, **film)
    LessonProgress.objects.create(enrollment=enrollment, lesson=almost_done, watched_seconds=61)
    address = f"/api/v1/courses/{course.pk}/lessons/{almost_done.pk}"
    with commits():
        assert api_of(alice).patch(address, {"video_share": 51}).status_code == 200
    assert_not_completed(enrollment)  # 62 seconds are needed
    with commits():
        assert api_of(alice).patch(address, {"video_share": 50}).status_code == 200
    assert_completed(enrollment)


def test_lessons_changed_in_a_withdrawn_course_count_once_it_is_published(
    alice: User, course: Course, enrollment: Enrollment, almost_done: Lesson, api_of: Callable, commits: Commits
) -> None:
    api: APIClient = api_of(alice)
    with commits():
        api.post(f"/api/v1/courses/{course.pk}/unpublish")
        api.delete(f"/api/v1/courses/{course.pk}/lessons/{almost_done.pk}")
    assert_not_completed(enrollment)
    with commits():
        api.post(f"/api/v1/courses/{course.pk}/publish")
    assert_completed(enrollment)


@pytest.mark.parametrize(
    "fields", [{"is_published": False}, {"is_required": False}, {"passing_score_percentage": 60}], ids=str
)
def test_a_quiz_that_asks_for_less_completes(
    alice: User, enrollment: Enrollment, quiz: Quiz, api_of: Callable, commits: Commits, fields: dict[str, Any]
) -> None:
    assert_not_completed(enrollment)
    with commits():
        assert api_of(alice).patch(f"/api/v1/quizzes/{quiz.pk}", fields).status_code == 200
    assert_completed(enrollment)


def test_a_quiz_unpublished_by_its_own_endpoint_completes(
    alice: User, enrollment: Enrollment, quiz: Quiz, api_of: Callable, commits: Commits
) -> None:
    with commits():
        assert api_of(alice).post(f"/api/v1/quizzes/{quiz.pk}/unpublish").status_code == 200
    assert_completed(enrollment)


def test_a_lower_pass_mark_lets_attempts_pass_that_reach_it(
    alice: User, quiz: Quiz, api_of: Callable, commits: Commits
) -> None:
    def passed_at(percent: int) -> bool | None:
        with commits():
            api_of(alice).patch(f"/api/v1/quizzes/{quiz.pk}", {"passing_score_percentage": percent})
        return quiz.attempts.get().passed

    assert [passed_at(61), passed_at(60), passed_at(100)] == [False, True, True]


def test_a_deleted_quiz_completes(
    alice: User, course: Course, enrollment: Enrollment, api_of: Callable, commits: Commits
) -> None:
    quiz = make_quiz(alice, course, [QUESTION], is_required=True)
    complete_all_lessons(enrollment)
    assert_not_completed(enrollment)
    with commits():
        assert api_of(alice).delete(f"/api/v1/quizzes/{quiz.pk}").status_code == 204
    assert_completed(enrollment)


def test_a_regrade_that_leaves_the_points_and_passes_completes(
    alice: User, bob: User, course: Course, enrollment: Enrollment, api_of: Callable, commits: Commits
) -> None:
    quiz = make_quiz(alice, course, [QUESTION, OTHER], is_required=True)
    attempt = attempts.start(actor=bob, quiz=quiz)[0]
    attempts.submit(actor=bob, attempt=attempt, answers=answers_for(attempt, [False, False]))
    complete_all_lessons(enrollment)
    wrong = quiz.questions.order_by("order")[0]
    authoring.change_question(actor=alice, question=wrong, points=2)
    assert_not_completed(enrollment)
    with commits():
        address = f"/api/v1/quizzes/{quiz.pk}/regrade"
        assert api_of(alice).post(address, {"reason": "Too many points"}).status_code == 200
    assert_completed(enrollment)


@pytest.mark.parametrize("grade", [{"is_excused": "on"}, {"points": "7"}], ids=str)
def test_a_quiz_excused_or_graded_in_the_gradebook_completes(
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
def test_an_assignment_that_is_withdrawn_or_optional_completes(
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


def test_a_deleted_assignment_completes(
    alice: User, enrollment: Enrollment, assignment: Assignment, api_of: Callable, commits: Commits
) -> None:
    with commits():
        assert api_of(alice).delete(f"/api/v1/assignments/{assignment.pk}").status_code == 204
    assert_completed(enrollment)


def test_a_lower_pass_mark_of_an_assignment_completes(
    alice: User, bob: User, enrollment: Enrollment, assignment: Assignment, api_of: Callable, commits: Commits
) -> None:
    api: APIClient = api_of(alice)
    submission = submit(actor=bob, assignment=assignment, content="My pot")
    assert api.post(f"/api/v1/assignments/submissions/{submission.pk}/grade", {"grade": 5}).status_code == 200
    assert_not_completed(enrollment)
    with commits():
        assert api.patch(f"/api/v1/assignments/{assignment.pk}", {"passing_points": 5}).status_code == 200
    assert_completed(enrollment)


def test_an_enrollment_taken_up_again_completes_when_nothing_is_missing_by_then(
    alice: User, bob: User, course: Course, enrollment: Enrollment, almost_done: Lesson, commits: Commits
) -> None:
    services.revoke(actor=alice, enrollment=enrollment, reason="Asked to leave")
    with commits():
        courses.delete_lesson(actor=alice, lesson=almost_done)
    assert_not_completed(enrollment)
    with commits():
        services.enroll(actor=bob, user=bob, course=course)
    assert_completed(enrollment)


def test_a_completed_or_ended_enrollment_is_left_as_it_is(
    alice: User, carol: User, course: Course, enrollment: Enrollment, commits: Commits
) -> None:
    completed_at = complete_all_lessons(enrollment).completed_at
    ended = services.enroll(actor=carol, user=carol, course=course)
    *done, last = course.lessons.all()
    for lesson in done:
        services.complete_lesson(actor=carol, enrollment=ended, lesson_id=lesson.pk)
    services.revoke(actor=alice, enrollment=ended, reason="Asked to leave")
    with commits():
        courses.delete_lesson(actor=alice, lesson=last)
    enrollment.refresh_from_db()
    assert enrollment.completed_at == completed_at
    assert_not_completed(ended)
    assert Certificate.objects.count() == 1


@pytest.mark.usefixtures("almost_done")
def test_a_task_that_runs_twice_completes_once(
    course: Course, enrollment: Enrollment, almost_done: Lesson, commits: Commits
) -> None:
    Lesson.objects.filter(pk=almost_done.pk).update(is_published=False)
    courses.recount_lessons(course=course)
    with commits():
        assert [complete_finished_enrollments(str(course.pk)) for _time in range(2)] == [1, 0]
    assert_completed(enrollment)
    assert complete_finished_enrollments(str(uuid.uuid4())) == 0


def test_the_task_reads_only_finished_students_one_by_one(
    alice: User, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Any
) -> None:
    """One query for the course and one for each chunk, however many students are on their way."""
    monkeypatch.setattr(completion, "CHUNK", 4)
    course = make_course(alice, "Cocoa")
    for number in range(10):
        services.enroll(actor=alice, user=person(f"Student{number}"), course=course)
    with django_assert_num_queries(2):
        complete_finished_enrollments(str(course.pk))
    lessons = list(course.lessons.all())
    LessonProgress.objects.bulk_create(
        LessonProgress(enrollment=one, lesson=lesson, completed_at=one.enrolled_at)
        for one in Enrollment.objects.filter(course=course)
        for lesson in lessons
    )
    make_quiz(alice, course, [QUESTION], is_required=True)
    # Course; three chunks and the empty one after the last; for each of ten students a savepoint's two statements, the
    # lock, watched videos, lessons, progress, and the requirements: lessons (2), quizzes (2), assignments (1).
    assert len(lessons) == 3
    with django_assert_num_queries(1 + 4 + 10 * 11):
        complete_finished_enrollments(str(course.pk))


def test_all_students_of_all_chunks_are_completed(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "CHUNK", 2)
    course = make_course(alice, "Cocoa", lessons=2)
    first, second = course.lessons.all()
    for number in range(5):
        user = person(f"Student{number}")
        made = services.enroll(actor=user, user=user, course=course)
        services.complete_lesson(actor=user, enrollment=made, lesson_id=first.pk)
    courses.delete_lesson(actor=alice, lesson=second)
    assert complete_finished_enrollments(str(course.pk)) == 5
    assert Certificate.objects.count() == 5
