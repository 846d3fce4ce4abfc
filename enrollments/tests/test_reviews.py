"""Reviews: answered, reported, and counted exactly however many write at once."""

from collections.abc import Callable

import pytest
from django.db.models import F
from django.test import Client

from accounts.models import User
from courses.models import Course
from enrollments import reviewing, services
from enrollments.errors import EnrollmentError
from enrollments.models import Enrollment, Review, ReviewReport
from lms.testing.racing import MOST_ROUNDS, at_once


@pytest.fixture
def review(bob: User, course: Course, enrollment: Enrollment) -> Review:
    return services.write_review(actor=bob, course=course, rating=2, comment="Lukewarm.")


def test_the_instructor_answers_and_takes_it_back(
    alice: User, bob: User, course: Course, review: Review, client: Client
) -> None:
    reviewing.reply_to_review(actor=alice, review=review, reply="Use <b>boiling</b> water.")
    assert "Use &lt;b&gt;boiling&lt;/b&gt; water." in client.get(f"/courses/{course.slug}/?again").content.decode()
    with pytest.raises(EnrollmentError) as refused:
        reviewing.reply_to_review(actor=bob, review=review, reply="No.")
    assert (refused.value.code, refused.value.status) == ("not_your_course", 403)
    assert reviewing.reply_to_review(actor=alice, review=review, reply=" ").replied_at is None


def test_a_report_reaches_staff_once_and_is_settled(
    carol: User, dan: User, course: Course, review: Review, browser_of: Callable[[User], Client]
) -> None:
    User.objects.filter(pk=dan.pk).update(is_staff=True, is_superuser=True)
    dan.refresh_from_db()
    path = f"/courses/{course.slug}/reviews/{review.pk}/report/"
    assert browser_of(carol).post(path, {"reason": " "}).status_code == 200
    for reason in ("Rude.", "Very rude."):
        assert browser_of(carol).post(path, {"reason": reason}).status_code == 302
    report = ReviewReport.objects.get()
    assert report.reason == "Very rude."
    staff = browser_of(dan)
    assert "Very rude." in staff.get("/admin/enrollments/reviewreport/").content.decode()
    for action in ("settle", "delete_reviews"):
        staff.post("/admin/enrollments/reviewreport/", {"action": action, "_selected_action": [str(report.pk)]})
        if action == "settle":
            report.refresh_from_db()
            assert report.settled_at is not None
    assert not Review.objects.exists()
    course.refresh_from_db()
    assert (course.ratings_count, course.ratings_sum) == (0, 0)


def twenty_write_at_once(course: Course, first: int = 0) -> tuple[int, int]:
    """Let twenty students, of whom the first has this number, review the course at once; return its counters then."""
    numbers = range(first, first + 20)
    students = [User.objects.create_user(f"r{n}@example.com", "x", full_name=f"R {n}") for n in numbers]
    for student in students:
        services.enroll(actor=student, user=student, course=course)

    def write(number: int) -> Review:
        return services.write_review(actor=students[number], course=course, rating=number % 5 + 1, comment="")

    outcomes = at_once(20, write)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    course.refresh_from_db()
    return course.ratings_count, course.ratings_sum


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twenty_reviews_at_once_are_counted_exactly(course: Course) -> None:
    assert twenty_write_at_once(course) == (20, 60)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_control_reading_before_adding_loses_reviews(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_then_write(course: Course, *, stars: int, reviews: int) -> None:
        row = Course.objects.values("ratings_sum", "ratings_count").annotate(n=F("ratings_count")).get(pk=course.pk)
        Course.objects.filter(pk=course.pk).update(
            ratings_sum=row["ratings_sum"] + stars, ratings_count=row["ratings_count"] + reviews
        )

    monkeypatch.setattr(services, "_count_stars", read_then_write)
    rounds = (twenty_write_at_once(course, first)[0] < first + 20 for first in range(0, 20 * MOST_ROUNDS, 20))
    assert any(rounds)
