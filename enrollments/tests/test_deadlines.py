"""The one clock of graded work: what holds for whom, and where it comes from."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from enrollments.deadlines import TermsError, derive, grant_extension, set_accommodation, terms_for, terms_for_many
from enrollments.models import Enrollment, Extension, GradedItem, ItemKind
from lms.platform.models import AuditEntry


def an_item(course: Any, **fields: Any) -> GradedItem:
    """Create a published piece of work in a course."""
    return GradedItem.objects.create(
        course=course, kind=ItemKind.QUIZ, title="Leaves", is_published=True, points_possible=10, **fields
    )


def test_time_and_half_of_it_again_is_spelled_out(enrollment: Enrollment) -> None:
    item = an_item(enrollment.course, time_limit_minutes=45)
    set_accommodation(actor=None, enrollment=enrollment, extra_time_percent=50)
    terms = terms_for(item, enrollment)
    assert terms.seconds == 67 * 60 + 30
    assert terms.derivation == "45 min + 50 % = 67 min 30 s"


def test_without_a_limit_there_is_nothing_to_derive(enrollment: Enrollment) -> None:
    terms = terms_for(an_item(enrollment.course), enrollment)
    assert (terms.seconds, terms.attempts, terms.derivation, terms.deadline(timezone.now())) == (None, None, "", None)


def test_the_closing_of_the_item_ends_an_attempt_early(enrollment: Enrollment) -> None:
    now = timezone.now()
    item = an_item(enrollment.course, time_limit_minutes=60, closes_at=now + timedelta(minutes=10))
    assert terms_for(item, enrollment).deadline(now) == now + timedelta(minutes=10)


def test_an_extension_gives_minutes_attempts_and_dates_to_one_student(enrollment: Enrollment, alice: Any) -> None:
    now = timezone.now()
    item = an_item(enrollment.course, time_limit_minutes=10, max_attempts=1, due_at=now, closes_at=now)
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
    terms = terms_for(item, enrollment)
    assert (terms.seconds, terms.attempts, terms.due_at) == (900, 2, later)
    assert terms.closes_at == later, "a later due date is worth nothing behind a closed door"
    assert derive(item).attempts == 1, "everybody else has what they had"
    assert AuditEntry.objects.filter(action="enrollments.extension_granted", subject_id=enrollment.user_id).exists()


def test_an_extension_for_a_stranger_to_the_course_is_refused(enrollment: Enrollment, erin: Any) -> None:
    from_another = an_item(type(enrollment.course).objects.create(title="Other", slug="other", instructor=erin))
    with pytest.raises(TermsError) as refused:
        grant_extension(actor=erin, item=from_another, enrollment=enrollment, extra_minutes=5)
    assert refused.value.code == "wrong_course"
    assert not Extension.objects.exists()


@pytest.mark.quality("S02")
@pytest.mark.parametrize(("seconds", "late"), [(-1, False), (0, False), (1, True)])
def test_the_due_second_itself_is_on_time(enrollment: Enrollment, seconds: int, late: bool) -> None:
    due = timezone.now().replace(microsecond=0)
    terms = terms_for(an_item(enrollment.course, due_at=due), enrollment)
    assert terms.is_late(due + timedelta(seconds=seconds, microseconds=999)) is late


def test_the_terms_of_twenty_items_cost_what_those_of_two_do(
    enrollment: Enrollment, django_assert_num_queries: Any
) -> None:
    items = [an_item(enrollment.course, time_limit_minutes=5) for _ in range(20)]
    for some in (items[:2], items):
        with django_assert_num_queries(2):
            terms_for_many(some, enrollment)
