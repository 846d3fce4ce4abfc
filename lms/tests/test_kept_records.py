"""Tests that the records of a course with enrollments cannot be deleted (quality row C04)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from certificates.models import Certificate
from courses import services
from courses.models import Course, Lesson, Section
from enrollments.grades import record_grade
from enrollments.models import Enrollment, GradedItem, GradeEntry, LessonProgress, Review
from enrollments.services import write_review
from payments.models import LedgerEntry, Order, Payment
from tools.testing.plugin import buy_course, complete_all_lessons, make_graded_item

pytestmark = [pytest.mark.django_db, pytest.mark.quality("C04")]
PROTECTED_MODELS = (
    Course, Section, Lesson, Enrollment, LessonProgress, Review, GradedItem, GradeEntry, Certificate, Order, Payment,
    LedgerEntry,
)  # fmt: skip


def rows() -> dict[str, int]:
    return {model.__name__: model._default_manager.count() for model in PROTECTED_MODELS}


def test_a_bought_and_completed_course_cannot_be_deleted(
    alice: User, bob: User, dan: User, paid_course: Course, browser_of: Callable[[Any], Client],
    api_of: Callable[[Any], APIClient],
) -> None:  # fmt: skip
    order = buy_course(bob, paid_course)
    enrollment = complete_all_lessons(Enrollment.objects.select_related("course", "user").get())
    record_grade(actor=alice, item=make_graded_item(paid_course), enrollment=enrollment, points=Decimal(9))
    write_review(actor=bob, course=paid_course, rating=5, comment="Strong.")
    before = rows()
    assert all(before.values()), before

    for user in (alice, dan):
        answer = api_of(user).delete(f"/api/v1/courses/{paid_course.pk}")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "has_enrollments")
        browser_of(user).post(f"/teach/courses/{paid_course.slug}/delete/")
    assert rows() == before

    # Unpublishing the course does not affect its students either.
    services.unpublish_course(actor=alice, course=paid_course)
    certificate = Certificate.objects.get()
    student = browser_of(bob)
    for path in ("/orders/", f"/orders/{order.pk}/receipt/", "/certificates/", "/grades/"):
        answer = student.get(path)
        assert (answer.status_code, paid_course.title in answer.content.decode()) == (200, True), path
    assert student.get(f"/certificates/{certificate.pk}/download/").status_code in (200, 302)
    verified = browser_of(None).get(f"/certificates/verify/{certificate.certificate_number}/")
    assert (verified.status_code, bob.full_name in verified.content.decode()) == (200, True)
    graded = api_of(bob).get(f"/api/v1/enrollments/{enrollment.pk}/grades").json()
    assert graded["percent"] == "90.00"
    assert rows() == before
