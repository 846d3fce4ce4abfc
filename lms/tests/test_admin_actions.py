"""Actions of the admin that write require more than the permission to view."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import RequestFactory

from accounts.models import User
from enrollments import reviews, services
from enrollments.errors import EnrollmentError
from enrollments.models import Enrollment, Review, ReviewReport
from quizzes import editor
from tools.testing.plugin import make_user

pytestmark = [pytest.mark.django_db, pytest.mark.quality("V04")]


@pytest.fixture
def viewer() -> User:
    """Return a member of staff who may view every model and change none."""
    user = make_user("Vera")
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    user.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    return user


@pytest.fixture
def report(enrollment: Enrollment, carol: User) -> ReviewReport:
    """Return Carol's report of a review by Bob."""
    review = services.write_review(actor=enrollment.user, course=enrollment.course, rating=1, comment="Cold.")
    return reviews.report_review(actor=carol, review=review, reason="Rude.")


def list_actions(user: User) -> dict[str, list[str]]:
    """Return the actions that a user may run in the admin, by model."""
    request = RequestFactory().get("/admin/")
    request.user = user
    found = {model._meta.label: list(site.get_actions(request)) for model, site in admin.site._registry.items()}
    return {label: names for label, names in found.items() if names}


def test_no_action_of_the_admin_runs_with_the_permission_to_view(viewer: User, dan: User) -> None:
    assert list_actions(viewer) == {}
    assert {"enrollments.ReviewReport", "quizzes.Quiz", "quizzes.Attempt", "platform.FailedTask"} <= set(
        list_actions(dan)
    )


@pytest.mark.parametrize("action", ["delete_reviews", "dismiss_reports"])
def test_viewers_of_reports_can_neither_delete_nor_dismiss(
    viewer: User, report: ReviewReport, browser_of: Any, action: str
) -> None:
    chosen = {"action": action, "_selected_action": [str(report.pk)]}
    browser_of(viewer).post("/admin/enrollments/reviewreport/", chosen)
    report.refresh_from_db()
    assert report.settled_at is None
    assert Review.objects.exists()


def test_the_services_of_reviews_check_the_actor(viewer: User, report: ReviewReport) -> None:
    services.enroll(actor=report.user, user=report.user, course=report.review.course)
    calls = {
        "not_a_moderator": lambda: reviews.dismiss_report(actor=viewer, report=report),
        "not_your_review": lambda: services.delete_review(actor=viewer, review=report.review),
    }
    for code, call in calls.items():
        with pytest.raises(EnrollmentError) as refused:
            call()
        assert (refused.value.code, refused.value.status) == (code, 403)
    with pytest.raises(EnrollmentError) as foreign:
        services.change_review(actor=report.user, review=report.review, rating=5, comment="")
    assert foreign.value.code == "not_your_review"


def test_the_service_that_publishes_a_quiz_checks_the_actor(course: Any, alice: User, viewer: User) -> None:
    quiz = editor.create_quiz(actor=alice, course=course, title="Leaves")
    with pytest.raises(editor.QuizError) as refused:
        editor.set_published(actor=viewer, quiz=quiz, published=True)
    assert (refused.value.code, refused.value.status) == ("not_your_quiz", 403)
