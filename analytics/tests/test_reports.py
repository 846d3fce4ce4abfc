"""Tests of the reports: what is counted, days in the site's time zone, and money."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from analytics.course_reports import course_report
from analytics.periods import Period, last_days
from analytics.reports import enrollment_report, overview, revenue_report
from courses.models import Course
from enrollments import services as enrollments
from enrollments.models import Enrollment
from tools.testing.plugin import buy_course, complete_all_lessons, make_course, make_user

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")


def enroll_students_at(course: Course, *moments: datetime) -> None:
    """Enroll a new student at each of these times."""
    for number, moment in enumerate(moments):
        student = make_user(f"Student{number}x{Enrollment.objects.count()}")
        enrollment = enrollments.enroll(actor=student, user=student, course=course)
        Enrollment.objects.filter(pk=enrollment.pk).update(enrolled_at=moment)


@pytest.mark.quality("N02")
@pytest.mark.parametrize("zone", ZONES)
def test_days_follow_the_site_time_zone_across_clock_changes(zone: str, course: Course, settings: Any) -> None:
    """On 29 March 2026 clocks go forward in Berlin: the day has 23 hours there."""
    settings.TIME_ZONE = zone
    zone_info = ZoneInfo(zone)
    day = date(2026, 3, 29)
    inside = [datetime(2026, 3, 29, hour, 30, tzinfo=zone_info) for hour in (0, 1, 12, 23)]
    outside = [datetime(2026, 3, 28, 23, 59, tzinfo=zone_info), datetime(2026, 3, 30, 0, 0, tzinfo=zone_info)]
    enroll_students_at(course, *inside, *outside)
    report = enrollment_report(Period(day, day))
    assert report.totals["enrollments"] == len(inside)
    assert report.series == [{"date": day, "enrollments": len(inside), "completions": 0, "active": 0}]


@pytest.mark.quality("N02")
@pytest.mark.parametrize("interval", ["day", "week", "month"])
def test_the_series_adds_up_to_the_number_of_rows(interval: str, course: Course) -> None:
    now = timezone.now()
    enroll_students_at(course, *(now - timedelta(days=days) for days in (0, 1, 1, 8, 40, 41, 90)))
    period = Period(now.date() - timedelta(days=60), now.date(), interval)
    report = enrollment_report(period)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM enrollments_enrollment WHERE enrolled_at >= %s AND enrolled_at < %s",
            [period.begins_at, period.ends_at],
        )
        counted = cursor.fetchone()[0]
    assert counted == 6
    assert report.totals["enrollments"] == sum(row["enrollments"] for row in report.series) == counted
    assert [row["date"] for row in report.series] == list(period.dates())


@given(st.dates(date(2000, 1, 1), date(2040, 1, 1)), st.integers(0, 800), st.sampled_from(["day", "week", "month"]))
def test_the_intervals_cover_every_day_once(first: date, days: int, interval: str) -> None:
    period = Period(first, first + timedelta(days=days), interval)
    dates = list(period.dates())
    assert dates == sorted(set(dates))
    assert dates[0] <= period.first
    assert dates[-1] <= period.last
    assert period.previous().last == first - timedelta(days=1)


@pytest.mark.quality("N02")
def test_refunds_are_subtracted_and_currencies_kept_apart(bob: User, carol: User, alice: User) -> None:
    euros, yen = make_course(alice, "Coffee", price_cents=4900), make_course(
        alice, "Sake", price_cents=5000, currency="JPY"
    )  # fmt: skip
    buy_course(bob, euros)
    buy_course(carol, euros, refunded=1900)
    buy_course(bob, yen)
    report = revenue_report(last_days(), "EUR")
    assert report.totals == {"orders": 2, "gross": 9800, "refunds": 1900, "net": 7900}
    assert [(row["title"], row["net"]) for row in report.by_course] == [("Coffee", 7900)]
    assert revenue_report(last_days(), "JPY").totals["net"] == 5000
    assert overview(None, "EUR")["total_revenue"] == 7900


def test_the_course_report_contains_the_lesson_funnel(course: Course, alice: User, bob: User, carol: User) -> None:
    complete_all_lessons(enrollments.enroll(actor=bob, user=bob, course=course))
    half = enrollments.enroll(actor=carol, user=carol, course=course)
    first = course.lessons.order_by("order")[0]
    enrollments.complete_lesson(actor=carol, enrollment=half, lesson_id=first.pk)
    report = course_report(course, None, "EUR")
    assert [step["completed"] for step in report["funnel"]] == [2, 1, 1]
    assert (report["completion_rate"], report["average_progress"]) == (50.0, 66.67)


@pytest.mark.quality("N02")
def test_a_course_without_students_has_zero_figures(course: Course) -> None:
    report = course_report(course, None, "EUR")
    assert (report["completion_rate"], report["average_progress"], report["average_grade"]) == (0.0, 0.0, None)


@pytest.mark.quality("N02")
@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ("date_from=2026-02-01&date_to=2026-01-01", "date_from"),
        ("date_from=yesterday", "date_from"),
        ("date_to=2026-02-30", "date_to"),
        ("interval=hour", "interval"),
        ("currency=XXX", "currency"),
        ("date_from=1990-01-01&date_to=2026-01-01", "date_from"),
    ],
)
def test_invalid_query_parameters_answer_400(query: str, attr: str, dan: User, api_of: Callable[[User], Any]) -> None:
    without = {"interval": "overview", "currency": "enrollments"}.get(attr)
    for report in {"overview", "enrollments", "revenue"} - {without}:
        response = api_of(dan).get(f"/api/v1/analytics/{report}?{query}")
        assert (response.status_code, response.json()["errors"][0]["attr"]) == (400, attr)


def test_a_daily_series_of_ten_years_has_a_row_for_each_day(dan: User, api_of: Callable[[User], Any]) -> None:
    response = api_of(dan).get("/api/v1/analytics/enrollments?date_from=2016-01-01&date_to=2025-12-31").json()
    assert len(response["series"]) == 3653
    assert (response["date_from"], response["interval"]) == ("2016-01-01", "day")


def test_reports_include_the_previous_period_of_the_same_length(
    course: Course, dan: User, api_of: Callable[[User], Any]
) -> None:
    enroll_students_at(course, *(datetime(2025, 5, day, tzinfo=UTC) for day in (8, 9, 9, 10, 14, 15, 16)))
    api, days = api_of(dan), "date_from=2025-05-14&date_to=2025-05-16"
    enrollments = api.get(f"/api/v1/analytics/enrollments?{days}").json()
    assert (enrollments["totals"]["enrollments"], enrollments["before"]["enrollments"]) == (3, 0)
    wider = "date_from=2025-05-11&date_to=2025-05-16"
    for report, name in (("overview", "total_enrollments"), (f"courses/{course.pk}", "total_enrollments")):
        response = api.get(f"/api/v1/analytics/{report}?{wider}").json()
        assert (response[name], response["before"][name]) == (3, 4)
        assert api.get(f"/api/v1/analytics/{report}").json()["before"] is None


@pytest.mark.quality("N04")
def test_the_csv_format_contains_the_series(course: Course, dan: User, api_of: Callable[[User], Any]) -> None:
    enroll_students_at(course, timezone.now())
    response = api_of(dan).get("/api/v1/analytics/enrollments?format=csv")
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == "date,enrollments,completions,active"
    assert lines[-1].endswith(",1,0,0")
    assert response.headers["Content-Type"].startswith("text/csv")


def test_users_can_read_their_own_analytics(enrollment: Enrollment, bob: User, api_of: Callable[[User], Any]) -> None:
    complete_all_lessons(enrollment)
    response = api_of(bob).get(f"/api/v1/analytics/users/{bob.pk}").json()
    assert (response["completed_courses"], response["lessons_completed"], response["average_progress"]) == (1, 3, 100.0)
    assert response["activity"][-1]["lessons_completed"] == 3
