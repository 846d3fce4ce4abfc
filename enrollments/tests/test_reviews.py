"""Tests for replies to reviews, reports, and exact ratings under concurrent reviews."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db.models import F
from django.test import Client

from accounts.models import User
from courses.models import Course
from enrollments import reviews as enrollment_reviews
from enrollments import services
from enrollments.errors import EnrollmentError
from enrollments.models import Enrollment, Review, ReviewReport
from tools.testing.plugin import make_user
from tools.testing.races import MAX_ROUNDS, run_concurrently


@pytest.fixture
def review(bob: User, course: Course, enrollment: Enrollment) -> Review:
    return services.write_review(actor=bob, course=course, rating=2, comment="Lukewarm.")


def test_the_instructor_can_set_and_delete_a_reply(
    alice: User, bob: User, course: Course, review: Review, client: Client
) -> None:
    enrollment_reviews.reply_to_review(actor=alice, review=review, reply="Use <b>boiling</b> water.")
    assert "Use &lt;b&gt;boiling&lt;/b&gt; water." in client.get(f"/courses/{course.slug}/?again").content.decode()
    with pytest.raises(EnrollmentError) as refused:
        enrollment_reviews.reply_to_review(actor=bob, review=review, reply="No.")
    assert (refused.value.code, refused.value.status) == ("not_your_course", 403)
    assert enrollment_reviews.reply_to_review(actor=alice, review=review, reply=" ").replied_at is None


@pytest.mark.quality("V15")
def test_visitors_see_the_first_name_and_an_initial_of_the_author(
    bob: User, carol: User, course: Course, review: Review, api_of: Callable, browser_of: Callable, client: Client
) -> None:
    path = f"/api/v1/courses/{course.pk}/reviews/"
    for url in (path, f"{path}{review.pk}"):
        found = api_of(None).get(url).json()
        shown = found["results"][0] if "results" in found else found
        assert (shown["author"], shown["user_id"]) == ("Bob E.", None)
        assert str(bob.pk) not in str(found)
    page = client.get(f"/courses/{course.slug}/").content.decode()
    assert "Bob E." in page
    assert "Bob Example" not in page
    shown = api_of(carol).get(path).json()["results"][0]
    assert (shown["author"], shown["user_id"]) == ("Bob Example", str(bob.pk))
    assert "Bob Example" in browser_of(carol).get(f"/courses/{course.slug}/").content.decode()


@pytest.mark.quality("V15")
def test_a_name_of_one_word_and_a_deleted_user_have_no_initial(bob: User) -> None:
    for name in ("Bob", "Deleted user", ""):
        bob.full_name = name
        assert bob.get_name_for(AnonymousUser()) == name


def test_staff_can_dismiss_a_report_or_delete_the_review(
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
    for action in ("dismiss_reports", "delete_reviews"):
        staff.post("/admin/enrollments/reviewreport/", {"action": action, "_selected_action": [str(report.pk)]})
        if action == "dismiss_reports":
            report.refresh_from_db()
            assert report.settled_at is not None
    assert not Review.objects.exists()
    course.refresh_from_db()
    assert (course.ratings_count, course.ratings_sum) == (0, 0)


def write_20_reviews_concurrently(course: Course, first: int = 0) -> tuple[int, int]:
    """Review the course by 20 students concurrently, numbered from `first`; return the count and sum of ratings."""
    numbers = range(first, first + 20)
    students = [User.objects.create_user(f"r{n}@example.com", "x", full_name=f"R {n}") for n in numbers]
    for student in students:
        services.enroll(actor=student, user=student, course=course)

    def write(number: int) -> Review:
        return services.write_review(actor=students[number], course=course, rating=number % 5 + 1, comment="")

    outcomes = run_concurrently(20, write)
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []
    course.refresh_from_db()
    return course.ratings_count, course.ratings_sum


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_20_concurrent_reviews_are_counted_exactly(course: Course) -> None:
    assert write_20_reviews_concurrently(course) == (20, 60)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_control_adding_in_python_loses_reviews(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_then_write(course: Course, *, stars: int, reviews: int) -> None:
        row = Course.objects.values("ratings_sum", "ratings_count").annotate(n=F("ratings_count")).get(pk=course.pk)
        Course.objects.filter(pk=course.pk).update(
            ratings_sum=row["ratings_sum"] + stars, ratings_count=row["ratings_count"] + reviews
        )

    monkeypatch.setattr(services, "_update_rating", read_then_write)
    rounds = (write_20_reviews_concurrently(course, first)[0] < first + 20 for first in range(0, 20 * MAX_ROUNDS, 20))
    assert any(rounds)


def test_authors_of_older_reviews_edit_theirs(
    browser_of: Callable[..., Client], bob: User, enrollment: Enrollment, course: Course
) -> None:
    services.write_review(actor=bob, course=course, rating=5, comment="Warm.")
    for number in range(6):
        reviewer = make_user(f"Reader{number}")
        services.enroll(actor=reviewer, user=reviewer, course=course)
        services.write_review(actor=reviewer, course=course, rating=4, comment="Clear.")
    page = browser_of(bob).get(f"/courses/{course.slug}/").content.decode()
    assert "Edit review" in page
    assert "Write a review" not in page
