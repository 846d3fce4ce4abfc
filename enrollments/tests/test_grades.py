"""Tests for the ledger of grades."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from core.models import AuditEntry
from enrollments import registry
from enrollments.grades import GradeError, current_grades, record_grade
from enrollments.models import Enrollment, GradedItem, GradeEntry, ItemKind
from tools.testing.plugin import complete_all_lessons


@pytest.fixture
def item(enrollment: Enrollment) -> GradedItem:
    """Return a published assignment with ten points."""
    return GradedItem.objects.create(
        course=enrollment.course, kind=ItemKind.ASSIGNMENT, title="Essay", is_published=True, points_possible=10
    )


def test_a_new_grade_appends_an_entry_and_becomes_current(
    item: GradedItem, enrollment: Enrollment, alice: User
) -> None:
    for points in ("4", "7.5"):
        record_grade(actor=alice, item=item, enrollment=enrollment, points=Decimal(points), reason="read it again")
    assert GradeEntry.objects.count() == 2
    grades = current_grades(enrollment_ids=[enrollment.pk], item_ids=[item.pk])
    assert grades[enrollment.pk][item.pk].points == Decimal("7.5")
    assert AuditEntry.objects.filter(action="enrollments.grade_recorded").count() == 2


def test_an_equal_grade_appends_no_entry(item: GradedItem, enrollment: Enrollment, alice: User) -> None:
    for _ in range(2):
        record_grade(actor=alice, item=item, enrollment=enrollment, points=Decimal(5))
    assert GradeEntry.objects.count() == 1


@pytest.mark.quality("S03")
@pytest.mark.parametrize("points", ["-0.01", "10.01"])
def test_a_grade_out_of_range_is_refused(item: GradedItem, enrollment: Enrollment, alice: User, points: str) -> None:
    with pytest.raises(GradeError):
        record_grade(actor=alice, item=item, enrollment=enrollment, points=Decimal(points))
    assert not GradeEntry.objects.exists()


def test_a_database_constraint_refuses_negative_points(item: GradedItem, enrollment: Enrollment) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        GradeEntry.objects.create(item=item, enrollment=enrollment, points=Decimal(-1))


def test_excused_work_has_no_points(item: GradedItem, enrollment: Enrollment, alice: User) -> None:
    entry = record_grade(actor=alice, item=item, enrollment=enrollment, points=Decimal(3), is_excused=True)
    assert (entry.points, entry.is_excused) == (None, True)


def test_the_last_missing_grade_completes_the_course(
    item: GradedItem, enrollment: Enrollment, alice: User, monkeypatch: Any
) -> None:
    def essay_requirement(enrollment: Enrollment) -> list[registry.MissingWork]:
        is_graded = GradeEntry.objects.filter(enrollment=enrollment, item=item).exists()
        return [] if is_graded else [registry.MissingWork("the essay")]

    monkeypatch.setattr(registry, "requirements", [*registry.requirements, essay_requirement])
    complete_all_lessons(enrollment)
    enrollment.refresh_from_db()
    assert enrollment.completed_at is None
    record_grade(actor=alice, item=item, enrollment=enrollment, points=Decimal(9))
    enrollment.refresh_from_db()
    assert enrollment.completed_at is not None


def test_graded_items_are_visible_to_students_and_teachers_of_the_course(
    item: GradedItem, alice: User, bob: User, carol: User, dan: User, erin: User
) -> None:
    seen = {
        person.full_name: GradedItem.objects.visible_to(person).exists() for person in (alice, bob, carol, dan, erin)
    }
    assert list(seen.values()) == [True, True, False, True, False]
    item.is_published = False
    item.save()
    assert not GradedItem.objects.visible_to(bob).exists()
    assert GradedItem.objects.visible_to(alice).exists()
