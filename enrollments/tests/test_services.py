"""Tests for the services of enrollments, progress and reviews."""

import uuid

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from courses import services as courses
from courses.models import Course, Lesson
from enrollments import services
from enrollments.errors import EnrollmentError
from enrollments.models import Enrollment, Source
from tools.testing.plugin import complete_all_lessons, make_course


def current(enrollment: Enrollment) -> Enrollment:
    return Enrollment.objects.with_progress().with_next_lesson().select_related("course").get(pk=enrollment.pk)


def test_progress_is_rounded_down_and_has_the_next_lesson(bob: User, course: Course, enrollment: Enrollment) -> None:
    first, second, third = course.lessons.all()
    seen = [services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=first.pk)]
    seen.append(services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=third.pk))
    assert [(one.progress_percentage, one.next_lesson_id) for one in seen] == [(33, second.pk), (66, second.pk)]


def test_a_video_position_is_stored_without_completing_the_lesson(
    bob: User, course: Course, enrollment: Enrollment
) -> None:
    lesson = course.lessons.first()
    services.complete_lesson(
        actor=bob, enrollment=enrollment, lesson_id=lesson.pk, completed=False, position_seconds=432
    )
    row = enrollment.lesson_progress.get()
    assert (row.position_seconds, row.completed_at) == (432, None)


@pytest.mark.quality("E03")
def test_only_published_lessons_of_the_course_can_be_completed(
    bob: User, alice: User, course: Course, enrollment: Enrollment
) -> None:
    other = make_course(alice, "Other").lessons.first()
    hidden = courses.add_lesson(actor=alice, course=course, title="Hidden", is_published=False)
    for lesson_id in (other.pk, hidden.pk, uuid.uuid4()):
        with pytest.raises(EnrollmentError) as refused:
            services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=lesson_id)
        assert (refused.value.code, refused.value.status) == ("unknown_lesson", 400)
    assert current(enrollment).progress_percentage == 0


@pytest.mark.quality("E03")
def test_a_client_cannot_set_its_progress(bob: User, course: Course, enrollment: Enrollment, api_of) -> None:
    client: APIClient = api_of(bob)
    fields = {"progress_percentage": 100, "completed_at": "2020-01-01T00:00:00Z", "lesson_id": str(course.pk)}
    assert client.put(f"/api/v1/enrollments/{enrollment.pk}/progress", fields).status_code == 400
    early = client.post(f"/api/v1/enrollments/{enrollment.pk}/complete")
    assert early.status_code == 409
    assert early.json()["errors"][0]["code"] == "requirements_not_met"
    assert "Tea 1" in early.json()["errors"][0]["detail"]
    assert client.post(f"/api/v1/certificates/generate/{enrollment.pk}").status_code == 409


@pytest.mark.quality("E05")
def test_a_lesson_added_after_completion_keeps_the_course_completed(
    alice: User, course: Course, enrollment: Enrollment
) -> None:
    completed_at = complete_all_lessons(enrollment).completed_at
    courses.add_lesson(actor=alice, course=course, title="One more")
    assert current(enrollment).progress_percentage == 100
    assert current(enrollment).completed_at == completed_at


@pytest.mark.quality("E05")
def test_a_course_without_lessons_is_at_zero_and_cannot_be_completed(bob: User, alice: User, course: Course) -> None:
    enrollment = services.enroll(actor=bob, user=bob, course=course)
    for lesson in course.lessons.all():
        courses.delete_lesson(actor=alice, lesson=lesson)
    assert current(enrollment).progress_percentage == 0
    with pytest.raises(EnrollmentError, match="no lessons yet"):
        services.complete_course(actor=bob, enrollment=enrollment)


def test_completing_a_course_is_idempotent(bob: User, enrollment: Enrollment) -> None:
    first = complete_all_lessons(enrollment).completed_at
    assert services.complete_course(actor=bob, enrollment=enrollment).completed_at == first


@pytest.mark.quality("E01")
def test_a_paid_course_is_closed_without_a_payment(bob: User, paid_course: Course, api_of) -> None:
    for payment_id in (None, uuid.uuid4()):
        answer = api_of(bob).post("/api/v1/enrollments/", {"course_id": str(paid_course.pk), "payment_id": payment_id})
        assert answer.status_code == 402
        assert answer.json()["errors"][0]["code"] == "payment_required"
    assert not Enrollment.objects.exists()


def test_an_invited_student_needs_no_payment(bob: User, alice: User, paid_course: Course) -> None:
    enrollment = services.enroll(actor=alice, user=bob, course=paid_course, source=Source.INVITED)
    assert enrollment.source == Source.INVITED


def test_teachers_cannot_enroll_in_their_own_course(alice: User, course: Course) -> None:
    with pytest.raises(EnrollmentError) as refused:
        services.enroll(actor=alice, user=alice, course=course)
    assert refused.value.code == "own_course"


@pytest.mark.quality("E06")
def test_an_ended_enrollment_closes_the_course_and_keeps_the_progress(
    bob: User, dan: User, course: Course, enrollment: Enrollment
) -> None:
    lesson = course.lessons.first()
    services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=lesson.pk)
    services.end_enrollment(actor=dan, enrollment=enrollment, reason="refunded")
    course.refresh_from_db()
    assert (course.enrollments_count, course.is_open_to(bob)) == (0, False)
    with pytest.raises(EnrollmentError) as refused:
        services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=lesson.pk)
    assert refused.value.code == "not_enrolled"

    again = services.enroll(actor=bob, user=bob, course=course)
    assert again.pk == enrollment.pk
    assert current(again).progress_percentage == 33
    assert course.is_open_to(bob)


def test_each_student_has_one_review_and_the_mean_is_exact(
    bob: User, carol: User, course: Course, enrollment: Enrollment
) -> None:
    review = services.write_review(actor=bob, course=course, rating=5, comment="Warm.")
    with pytest.raises(EnrollmentError) as refused:
        services.write_review(actor=bob, course=course, rating=1, comment="Again.")
    assert refused.value.code == "already_reviewed"
    with pytest.raises(EnrollmentError) as stranger:
        services.write_review(actor=carol, course=course, rating=1, comment="Never saw it.")
    assert (stranger.value.code, stranger.value.status) == ("not_enrolled", 403)

    services.enroll(actor=carol, user=carol, course=course)
    services.write_review(actor=carol, course=course, rating=2, comment="")
    services.change_review(actor=bob, review=review, rating=4, comment="Less warm.")
    course.refresh_from_db()
    assert (course.ratings_count, course.average_rating) == (2, 3.0)
    services.delete_review(actor=bob, review=review)
    services.delete_review(actor=bob, review=review)
    course.refresh_from_db()
    assert (course.ratings_count, course.average_rating) == (1, 2.0)


def test_the_reverse_names_that_lower_apps_rely_on(
    bob: User, alice: User, course: Course, enrollment: Enrollment
) -> None:
    """`courses` and `accounts` use these names without importing the app; renaming a field must fail here."""
    assert list(Course.objects.filter(enrollments__user=bob, enrollments__is_active=True)) == [course]
    assert set(User.objects.visible_to(alice)) == {alice, bob}
    assert list(course.reviews.all()) == []
    assert not Lesson.objects.with_is_done(bob).filter(is_done=True).exists()
