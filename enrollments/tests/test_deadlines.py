"""Tests for the terms of graded items: extensions, accommodations and deadlines."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from core.models import AuditEntry
from enrollments.deadlines import (
    TermsError,
    derive_terms,
    get_terms,
    get_terms_by_item,
    grant_extension,
    set_accommodation,
)
from enrollments.models import Enrollment, Extension, GradedItem, ItemKind


def create_item(course: Any, **fields: Any) -> GradedItem:
    """Create a published graded item in a course."""
    return GradedItem.objects.create(
        course=course, kind=ItemKind.QUIZ, title="Leaves", is_published=True, points_possible=10, **fields
    )


def test_extra_time_is_explained_in_the_derivation(enrollment: Enrollment) -> None:
    item = create_item(enrollment.course, time_limit_minutes=45)
    set_accommodation(actor=None, enrollment=enrollment, extra_time_percent=50)
    terms = get_terms(item, enrollment)
    assert terms.seconds == 67 * 60 + 30
    assert terms.derivation == "45 min + 50 % = 67 min 30 s"


def test_an_item_without_limits_has_no_deadline(enrollment: Enrollment) -> None:
    terms = get_terms(create_item(enrollment.course), enrollment)
    assert (terms.seconds, terms.attempts, terms.derivation, terms.deadline(timezone.now())) == (None, None, "", None)


def test_the_closing_date_can_end_an_attempt_early(enrollment: Enrollment) -> None:
    now = timezone.now()
    item = create_item(enrollment.course, time_limit_minutes=60, closes_at=now + timedelta(minutes=10))
    assert get_terms(item, enrollment).deadline(now) == now + timedelta(minutes=10)


def test_an_extension_adds_time_attempts_and_dates_for_one_student(enrollment: Enrollment, alice: Any) -> None:
    now = timezone.now()
    item = create_item(enrollment.course, time_limit_minutes=10, max_attempts=1, due_at=now, closes_at=now)
    later = now + timedelta(days=2)
    grant_extension(
        actor=alice,
        item=item,
        enrollment=enrollment,
        extra_minutes=5,
        extra_attempts=1,
        due_at=later,
        reason="Was ill",
    )
    terms = get_terms(item, enrollment)
    assert (terms.seconds, terms.attempts, terms.due_at) == (900, 2, later)
    assert terms.closes_at == later, "a later due date also moves the closing date"
    assert derive_terms(item).attempts == 1, "other students keep the item's terms"
    assert AuditEntry.objects.filter(action="enrollments.extension_granted", subject_id=enrollment.user_id).exists()


def test_an_extension_requires_an_enrollment_in_the_same_course(enrollment: Enrollment, erin: Any) -> None:
    other_item = create_item(type(enrollment.course).objects.create(title="Other", slug="other", instructor=erin))
    with pytest.raises(TermsError) as refused:
        grant_extension(actor=erin, item=other_item, enrollment=enrollment, extra_minutes=5)
    assert refused.value.code == "wrong_course"
    assert not Extension.objects.exists()


@pytest.mark.quality("S02")
@pytest.mark.parametrize(("seconds", "late"), [(-1, False), (0, False), (1, True)])
def test_the_due_second_is_on_time(enrollment: Enrollment, seconds: int, late: bool) -> None:
    due = timezone.now().replace(microsecond=0)
    terms = get_terms(create_item(enrollment.course, due_at=due), enrollment)
    assert terms.is_late(due + timedelta(seconds=seconds, microseconds=999)) is late


def test_terms_of_20_items_take_as_many_queries_as_of_2(enrollment: Enrollment, django_assert_num_queries: Any) -> None:
    items = [create_item(enrollment.course, time_limit_minutes=5) for _ in range(20)]
    for some in (items[:2], items):
        with django_assert_num_queries(2):
            get_terms_by_item(some, enrollment)
