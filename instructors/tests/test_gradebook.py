"""The gradebook: what stands where, what it costs, and what may be changed in it."""

import csv
import io
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from courses.models import Course
from enrollments.final_grades import grades_of
from enrollments.grades import record_grade
from enrollments.models import Enrollment, GradedItem, GradeEntry
from lms.platform.models import AuditEntry
from lms.testing.plugin import graded_item


@pytest.fixture
def items(course: Course) -> list[GradedItem]:
    """Two pieces of work, the second of double weight, and a draft that nobody is graded for."""
    graded_item(course, "Draft", is_published=False)
    return [graded_item(course, "Leaves", position=1), graded_item(course, "Water", position=2, weight=Decimal(2))]


@pytest.fixture
def graded(items: list[GradedItem], enrollment: Enrollment, alice: User) -> Enrollment:
    """Bob with 8 of 10 and 5 of 10."""
    for item, points in zip(items, (8, 5), strict=True):
        record_grade(actor=alice, item=item, enrollment=enrollment, points=Decimal(points))
    return enrollment


def test_the_final_grade_shows_the_sum_it_comes_from(
    graded: Enrollment, bob: User, browser_of: Callable[[User], Client]
) -> None:
    page = browser_of(bob).get(f"/learn/{graded.course.slug}/grades/").content.decode()
    assert "(80% · 1 + 50% · 2) ÷ 3 = 60%" in page
    assert "Draft" not in page


def test_the_api_says_the_same_as_the_page(graded: Enrollment, bob: User, api_of: Callable[[User], Any]) -> None:
    answer = api_of(bob).get(f"/api/v1/enrollments/{graded.pk}/grades").json()
    assert (answer["percent"], answer["formula"]) == ("60.00", "(80% · 1 + 50% · 2) ÷ 3 = 60%")
    assert [line["points"] for line in answer["lines"]] == ["8.00", "5.00"]


def test_excused_work_does_not_count(graded: Enrollment, items: list[GradedItem], alice: User, bob: User) -> None:
    record_grade(actor=alice, item=items[1], enrollment=graded, points=None, is_excused=True, reason="Was ill")
    from_api = [line.is_excused for line in grades_of(graded).lines]
    assert from_api == [False, True]
    assert grades_of(graded).percent == Decimal("80.00")


def test_work_for_no_points_divides_by_nothing(enrollment: Enrollment, alice: User) -> None:
    item = graded_item(enrollment.course, points_possible=Decimal(0))
    record_grade(actor=alice, item=item, enrollment=enrollment, points=Decimal(0))
    assert grades_of(enrollment).percent is None


def test_the_teacher_sees_everybody_and_finds_one(
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
def test_the_csv_holds_the_same_and_runs_nothing(
    graded: Enrollment, alice: User, bob: User, browser_of: Callable[[User], Client]
) -> None:
    User.objects.filter(pk=bob.pk).update(full_name="=cmd|' /C calc'!A0")
    answer = browser_of(alice).get(f"/teach/courses/{graded.course.slug}/gradebook.csv")
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    head, row = csv.reader(io.StringIO(text))
    assert head == ["Name", "E-mail", "Leaves (10.00)", "Water (10.00)", "Final grade in percent"]
    assert row == ["'=cmd|' /C calc'!A0", "bob@example.com", "8.00", "5.00", "60.00"]


def test_a_grade_set_by_hand_needs_a_reason_and_keeps_the_one_before(
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


def test_weights_change_every_final_grade_and_are_audited(
    graded: Enrollment, items: list[GradedItem], alice: User, browser_of: Callable[[User], Client]
) -> None:
    every = GradedItem.objects.filter(course=graded.course)
    weights = {str(item.pk): "1" for item in every}
    assert browser_of(alice).post("/teach/courses/tea/gradebook/weights/", weights).status_code == 302
    assert grades_of(graded).percent == Decimal("65.00")
    assert AuditEntry.objects.filter(action="instructors.weights_set").count() == 1


def test_negative_weights_are_refused(
    graded: Enrollment, items: list[GradedItem], alice: User, browser_of: Callable[[User], Client]
) -> None:
    weights = {str(item.pk): "-1" for item in GradedItem.objects.filter(course=graded.course)}
    assert browser_of(alice).post("/teach/courses/tea/gradebook/weights/", weights).status_code == 200
    assert grades_of(graded).percent == Decimal("60.00")


def test_a_student_given_more_time_sees_it_and_the_teacher_may_end_the_enrolment(
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
