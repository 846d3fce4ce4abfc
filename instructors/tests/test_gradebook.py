"""Tests of the gradebook: grades, weights, CSV file and permissions."""

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from core.models import AuditEntry
from courses.models import Course
from enrollments.final_grades import get_final_grade
from enrollments.grades import record_grade
from enrollments.models import Enrollment, GradedItem, GradeEntry
from tools.testing.plugin import make_graded_item


@pytest.fixture
def items(course: Course) -> list[GradedItem]:
    """Two graded items, the second with double weight, and a draft that does not count."""
    make_graded_item(course, "Draft", is_published=False)
    return [
        make_graded_item(course, "Leaves", position=1),
        make_graded_item(course, "Water", position=2, weight=Decimal(2)),
    ]


@pytest.fixture
def graded(items: list[GradedItem], enrollment: Enrollment, alice: User) -> Enrollment:
    """Bob with 8 of 10 and 5 of 10."""
    for item, points in zip(items, (8, 5), strict=True):
        record_grade(actor=alice, item=item, enrollment=enrollment, points=Decimal(points))
    return enrollment


def test_the_final_grade_shows_its_formula(graded: Enrollment, bob: User, browser_of: Callable[[User], Client]) -> None:
    page = browser_of(bob).get(f"/learn/{graded.course.slug}/grades/").content.decode()
    assert "(80% · 1 + 50% · 2) ÷ 3 = 60%" in page
    assert "Draft" not in page


def test_the_api_returns_the_same_grades_as_the_page(
    graded: Enrollment, bob: User, api_of: Callable[[User], Any]
) -> None:
    response = api_of(bob).get(f"/api/v1/enrollments/{graded.pk}/grades").json()
    assert (response["percent"], response["formula"]) == ("60.00", "(80% · 1 + 50% · 2) ÷ 3 = 60%")
    assert [line["points"] for line in response["lines"]] == ["8.00", "5.00"]


def test_excused_work_does_not_count(graded: Enrollment, items: list[GradedItem], alice: User, bob: User) -> None:
    record_grade(actor=alice, item=items[1], enrollment=graded, points=None, is_excused=True, reason="Was ill")
    from_api = [line.is_excused for line in get_final_grade(graded).lines]
    assert from_api == [False, True]
    assert get_final_grade(graded).percent == Decimal("80.00")


def test_an_item_with_zero_points_is_left_out_of_the_final_grade(enrollment: Enrollment, alice: User) -> None:
    item = make_graded_item(enrollment.course, points_possible=Decimal(0))
    record_grade(actor=alice, item=item, enrollment=enrollment, points=Decimal(0))
    assert get_final_grade(enrollment).percent is None


def test_the_teacher_sees_all_students_and_can_search(
    graded: Enrollment, alice: User, browser_of: Callable[[User], Client]
) -> None:
    browser = browser_of(alice)
    page = browser.get(f"/teach/courses/{graded.course.slug}/gradebook/").content.decode()
    assert "Bob Example" in page
    assert "60%" in page
    assert (
        "Bob Example"
        not in browser.get(f"/teach/courses/{graded.course.slug}/gradebook/?search=nobody").content.decode()
    )


@pytest.mark.quality("N04")
def test_the_csv_contains_the_grades_and_escapes_formulas(
    graded: Enrollment, alice: User, bob: User, browser_of: Callable[[User], Client]
) -> None:
    User.objects.filter(pk=bob.pk).update(full_name="=cmd|' /C calc'!A0")
    response = browser_of(alice).get(f"/teach/courses/{graded.course.slug}/gradebook.csv")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    head, row = csv.reader(io.StringIO(text))
    assert head == ["Name", "E-mail", "Leaves (10.00)", "Water (10.00)", "Final grade in percent"]
    assert row == ["'=cmd|' /C calc'!A0", "bob@example.com", "8.00", "5.00", "60.00"]


def test_a_manual_grade_needs_a_reason_and_keeps_the_history(
    graded: Enrollment, items: list[GradedItem], alice: User, browser_of: Callable[[User], Client]
) -> None:
    browser, address = browser_of(alice), f"/teach/courses/tea/gradebook/{items[0].pk}/{graded.pk}/"
    assert browser.post(address, {"points": "9"}).status_code == 200
    assert GradeEntry.objects.filter(item=items[0]).count() == 1
    assert browser.post(address, {"points": "11", "reason": "generous"}).status_code == 200
    assert browser.post(address, {"points": "9", "reason": "Found the last page"}).status_code == 302
    assert list(GradeEntry.objects.filter(item=items[0]).values_list("points", flat=True)) == [Decimal(9), Decimal(8)]
    page = browser.get(address).content.decode()
    assert "Found the last page" in page


def test_changed_weights_update_final_grades_and_are_audited(
    graded: Enrollment, items: list[GradedItem], alice: User, browser_of: Callable[[User], Client]
) -> None:
    every = GradedItem.objects.filter(course=graded.course)
    weights = {str(item.pk): "1" for item in every}
    assert browser_of(alice).post("/teach/courses/tea/gradebook/weights/", weights).status_code == 302
    assert get_final_grade(graded).percent == Decimal("65.00")
    assert AuditEntry.objects.filter(action="instructors.weights_set").count() == 1


def test_negative_weights_are_rejected(
    graded: Enrollment, items: list[GradedItem], alice: User, browser_of: Callable[[User], Client]
) -> None:
    weights = {str(item.pk): "-1" for item in GradedItem.objects.filter(course=graded.course)}
    assert browser_of(alice).post("/teach/courses/tea/gradebook/weights/", weights).status_code == 200
    assert get_final_grade(graded).percent == Decimal("60.00")


def test_a_teacher_can_extend_time_and_end_the_enrollment(
    graded: Enrollment, items: list[GradedItem], alice: User, browser_of: Callable[[User], Client]
) -> None:
    GradedItem.objects.filter(pk=items[0].pk).update(time_limit_minutes=45)
    browser, address = browser_of(alice), f"/teach/courses/tea/students/{graded.pk}/"
    assert browser.post(address + "time/", {"extra_time_percent": "50", "reason": "Reads slowly"}).status_code == 302
    assert "45 min + 50 % = 67 min 30 s" in browser.get(address).content.decode()
    terms = {"extra_minutes": "10", "extra_attempts": "1", "reason": "The power went"}
    assert browser.post(f"{address}work/{items[0].pk}/", terms).status_code == 302
    assert "45 min + 50 % + 10 min = 77 min 30 s" in browser.get(address).content.decode()
    assert browser.post(address + "end/", {"reason": ""}).status_code == 400
    assert browser.post(address + "end/", {"reason": "Moved to another school"}).status_code == 302
    graded.refresh_from_db()
    assert graded.is_active is False
