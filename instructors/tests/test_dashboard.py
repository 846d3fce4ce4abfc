"""Tests of the teaching dashboard."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import User
from enrollments.models import Enrollment
from tools.testing.plugin import buy_course, make_graded_item


def test_an_inactive_student_with_missed_deadlines_is_at_risk(
    enrollment: Enrollment, alice: User, api_of: Callable[[User], Any]
) -> None:
    make_graded_item(enrollment.course, due_at=timezone.now() - timedelta(days=3))
    make_graded_item(enrollment.course, due_at=timezone.now() + timedelta(days=3))
    Enrollment.objects.filter(pk=enrollment.pk).update(last_activity_at=timezone.now() - timedelta(days=15))
    [student] = api_of(alice).get("/api/v1/instructors/me/dashboard").json()["students_at_risk"]
    assert student["full_name"] == "Bob Example"
    assert student["reasons"] == ["no visit for 15 days", "1 deadline missed"]


def test_a_student_active_last_week_is_not_at_risk(
    enrollment: Enrollment, alice: User, api_of: Callable[[User], Any]
) -> None:
    Enrollment.objects.filter(pk=enrollment.pk).update(last_activity_at=timezone.now() - timedelta(days=6))
    assert api_of(alice).get("/api/v1/instructors/me/dashboard").json()["students_at_risk"] == []


def test_the_dashboard_counts_only_own_courses(
    enrollment: Enrollment, paid_course: Any, carol: User, alice: User, erin: User, api_of: Callable[[User], Any]
) -> None:
    buy_course(carol, paid_course)
    dashboard = api_of(alice).get("/api/v1/instructors/me/dashboard").json()
    assert (dashboard["total_courses"], dashboard["total_students"]) == (2, 2)
    assert dashboard["revenue"] == [{"currency": "EUR", "net_30d": 4900}]
    assert {row["title"]: row["new_students_30d"] for row in dashboard["courses"]} == {"Tea": 1, "Coffee": 1}
    assert api_of(erin).get("/api/v1/instructors/me/dashboard").json()["courses"] == []
