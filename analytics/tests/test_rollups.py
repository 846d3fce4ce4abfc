"""Tests of the roll-ups: they match the rows in every time zone, also after late rows."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import account_deletion
from accounts.models import User
from analytics import rollups
from analytics.course_reports import course_report, course_snapshot, period_figures
from analytics.models import ActiveSet, Figure, RollupState, Tally
from analytics.periods import Period, today
from analytics.reports import enrollment_report, overview, revenue_report
from analytics.rollup_reader import RollupReader, cover_days
from analytics.tests import report_data
from analytics.tests.report_data import SampleData
from enrollments.models import Enrollment, LessonProgress
from payments.models import LedgerEntry
from tools.testing.module_data import rolled_back
from tools.testing.plugin import make_user

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland")
# In Berlin, clocks go forward in the first night and back in the second.
NIGHTS = (datetime(2025, 3, 30, 1, tzinfo=UTC), datetime(2025, 10, 26, 1, tzinfo=UTC))
EVENT_KINDS = ("enroll", "complete", "lesson", "learn", "grade", "payment", "refund", "dispute", "dispute_won")

events = st.lists(
    st.tuples(
        st.sampled_from(EVENT_KINDS), st.integers(-60 * 24 * 40, 60 * 24 * 40), st.integers(0, 3), st.integers(0, 1),
        st.integers(0, 30),
    ),
    min_size=5, max_size=40,
)  # fmt: skip


def compare(sample_data: SampleData, zone: str, period: Period) -> None:
    """Compare every figure of every report over a period with plain SQL over the rows."""
    begin, end = report_data.period_bounds(period.first, period.last, zone)
    learning = enrollment_report(period)
    assert learning.totals == {
        "enrollments": report_data.count_enrollments(begin, end),
        "completions": report_data.count_enrollments(begin, end, "completed_at"),
        "active": report_data.count_active(begin, end),
    }
    for row in learning.by_course:
        assert row["active"] == report_data.count_active(begin, end, row["course_id"])
        assert row["enrollments"] == report_data.count_enrollments(begin, end, course=row["course_id"])
    for row in learning.series:
        last = min(next_interval_start(row["date"], period.interval) - timedelta(days=1), period.last)
        between = report_data.period_bounds(max(row["date"], period.first), last, zone)
        assert row["active"] == report_data.count_active(*between)
        assert row["enrollments"] == report_data.count_enrollments(*between)
        assert row["completions"] == report_data.count_enrollments(*between, "completed_at")
    for currency in ("EUR", "JPY"):
        gross = report_data.sum_ledger(begin, end, currency, "payment")
        refunds = report_data.sum_ledger(begin, end, currency, "refund", "dispute") - report_data.sum_ledger(
            begin, end, currency, "dispute_won"
        )
        revenue = revenue_report(period, currency)
        assert (revenue.totals["gross"], revenue.totals["refunds"]) == (gross, refunds)
        assert revenue.totals["net"] == gross - refunds == sum(row["net"] for row in revenue.series)
    assert overview(period, "EUR")["total_enrollments"] == learning.totals["enrollments"]
    for course in sample_data.courses:
        compare_course(course, zone, period)


def compare_course(course: Any, zone: str, period: Period) -> None:
    begin, end = report_data.period_bounds(period.first, period.last, zone)
    reader = RollupReader([course.pk])
    found, rows = course_snapshot(course, reader, period.last), report_data.count_progress(course.pk, end)
    assert (found.students, found.completed) == (rows["students"], rows["completed"])
    progress = (100 * rows["completed"] + 100 * rows["running"] / 2) / rows["students"] if rows["students"] else 0
    assert found.average_progress == pytest.approx(progress, abs=0.01)
    durations = sum(one["completions"] for one in found.durations)
    assert durations == rows["completed"]
    whole = course_snapshot(course, reader, date(2030, 1, 1))
    assert (whole.average_grade or 0) == pytest.approx(rows["grade"], abs=0.01)
    assert period_figures(course, reader, period, "EUR")["active"] == report_data.count_active(begin, end, course.pk)


def next_interval_start(day: date, interval: str) -> date:
    if interval == "month":
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return day + timedelta(days=7 if interval == "week" else 1)


@pytest.fixture
def empty_data(alice: User) -> SampleData:
    """Two courses without events."""
    return SampleData(alice)


@pytest.mark.quality("N02")
@given(
    data=events, late=events, zone=st.sampled_from(ZONES), night=st.sampled_from(NIGHTS),
    until=st.integers(-20, 45), first=st.integers(-45, 20), days=st.integers(0, 70),
    interval=st.sampled_from(["day", "week", "month"]),
)  # fmt: skip
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_figure_equals_a_count_of_the_rows(
    empty_data: SampleData, settings: Any, data: Any, late: Any, zone: str, night: datetime, until: int, first: int,
    days: int, interval: str,
) -> None:  # fmt: skip
    """Roll up to a day in the middle, add late rows, and change the time zone; compare after each step."""
    settings.TIME_ZONE = zone
    begin = night.date() + timedelta(days=first)
    period = Period(begin, begin + timedelta(days=days), interval)
    reach = night.date() + timedelta(days=until)
    sample_data = empty_data
    with rolled_back():
        for kind, minutes, who, where, number in data:
            sample_data.add_event(kind, night + timedelta(minutes=minutes), who, where, number)
        compare(sample_data, zone, period)
        rollups.roll_up_closed_days(until=reach)
        compare(sample_data, zone, period)
        for kind, minutes, who, where, number in late:
            sample_data.add_event(kind, night + timedelta(minutes=minutes), who, where, number)
        rollups.roll_up_closed_days(until=reach)
        compare(sample_data, zone, period)
        assert list(rollups.find_differences()) == []
        settings.TIME_ZONE = "Asia/Tokyo"
        compare(sample_data, "Asia/Tokyo", period)
        rollups.roll_up_closed_days(until=reach)
        compare(sample_data, "Asia/Tokyo", period)


@pytest.mark.parametrize("is_finished_first", [True, False])
def test_a_late_completion_updates_lessons_of_closed_days(alice: User, settings: Any, is_finished_first: bool) -> None:
    settings.TIME_ZONE = "UTC"
    sample_data, noon = SampleData(alice), datetime(2025, 6, 10, 12, tzinfo=UTC)
    day = timedelta(days=1)
    sample_data.add_event("enroll", noon - 3 * day, 0, 0, 0)
    lesson, course = (noon - 2 * day, noon) if is_finished_first else (noon, noon - 2 * day)
    sample_data.add_event("lesson", lesson, 0, 0, 0)
    rollups.roll_up_closed_days(until=date(2025, 6, 12))
    sample_data.add_event("complete", course, 0, 0, 0)
    rollups.roll_up_closed_days(until=date(2025, 6, 12))
    sample_data.add_event("lesson", noon - 2.5 * day, 0, 0, 1)
    rollups.roll_up_closed_days(until=date(2025, 6, 12))
    assert list(rollups.find_differences()) == []
    compare(sample_data, "UTC", Period(date(2025, 6, 7), date(2025, 6, 11), "day"))


@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(-1, 5000), st.sampled_from([("y", "m"), ("w",), ()]))
def test_spans_cover_every_day_once(first: date, days: int, spans: tuple[str, ...]) -> None:
    last = first + timedelta(days=days)
    pieces: list[tuple[date, date]] = []  # each with the day after its end
    for span, begin, end in cover_days(first, last, spans):
        while begin <= end:
            after = {
                "d": begin + timedelta(1),
                "w": begin + timedelta(7),
                "m": next_interval_start(begin, "month"),
            }.get(span, date(begin.year + 1, 1, 1))
            pieces.append((begin, after))
            begin = after
    pieces.sort()
    begins, ends = [begin for begin, _after in pieces], [after for _begin, after in pieces]
    assert [*begins, last + timedelta(days=1)] == [first, *ends]


@pytest.fixture
def sample_data(alice: User) -> SampleData:
    """Events on 14 days of January 2025: an enrollment, a lesson, activity, a payment and a grade each day."""
    sample_data = SampleData(alice)
    for number in range(14):
        at = datetime(2025, 1, 1 + number, 12, tzinfo=UTC)
        for kind in ("enroll", "lesson", "learn", "payment", "grade"):
            sample_data.add_event(kind, at, number % 4, number % 2, number)
    return sample_data


def test_a_refund_counts_on_its_own_day(sample_data: SampleData) -> None:
    rollups.roll_up_closed_days(until=date(2025, 3, 31))
    january = revenue_report(Period(date(2025, 1, 1), date(2025, 1, 31)), "EUR").totals
    sample_data.add_event("refund", datetime(2025, 3, 3, tzinfo=UTC), 0, 0, 0)
    rollups.roll_up_closed_days(until=date(2025, 3, 31))
    assert revenue_report(Period(date(2025, 1, 1), date(2025, 1, 31)), "EUR").totals == january
    assert revenue_report(Period(date(2025, 3, 3), date(2025, 3, 3)), "EUR").totals["net"] == -100


def test_a_second_roll_up_changes_no_rows(sample_data: SampleData) -> None:
    assert rollups.roll_up_closed_days(until=date(2025, 2, 28)) == 59
    before = list(Tally.objects.values_list("pk", flat=True))
    assert rollups.roll_up_closed_days(until=date(2025, 2, 28)) == 0
    assert list(Tally.objects.values_list("pk", flat=True)) == before


@pytest.mark.quality("G12")
def test_reports_of_ten_years_read_a_few_rows(sample_data: SampleData) -> None:
    rollups.roll_up_closed_days(until=date(2035, 6, 30))
    reader = RollupReader()
    spans = list(cover_days(date(2025, 3, 15), date(2035, 3, 14), ("y", "m")))
    assert [span for span, _first, _last in spans] == ["y", "m", "d", "m", "d"]
    with CaptureQueriesContext(connection) as queries:
        reader.count_active(Period(date(2025, 1, 1), date(2034, 12, 31)))
        reader.sums(Period(date(2025, 1, 1), date(2034, 12, 31)), ("enrollments",))
    assert len(queries) == 2
    assert not [query for query in queries if "enrollments_enrollment" in query["sql"]]


def test_the_check_finds_and_repairs_direct_changes_of_rows(sample_data: SampleData) -> None:
    rollups.roll_up_closed_days(until=date(2025, 2, 28))
    Enrollment.objects.update(enrolled_at=datetime(2025, 1, 20, tzinfo=UTC))
    LessonProgress.objects.all().delete()
    output = StringIO()
    with pytest.raises(CommandError, match="differ from the rows"):
        call_command("rollups", "check", stdout=output)
    assert "d2025-01-20 enrollments  of the site: stored 0, counted 4" in output.getvalue()
    call_command("rollups", "check", "--repair", stdout=output)
    call_command("rollups", "check", stdout=output)
    assert output.getvalue().endswith("All figures match the rows.\n")


def test_a_rebuild_creates_the_same_roll_ups(sample_data: SampleData) -> None:
    rollups.roll_up_closed_days(until=date(2025, 2, 28))
    stored = set(Tally.objects.values_list("span", "begins_on", "course", "figure", "subject", "amount"))
    sets = {(one.span, one.begins_on, one.course_id, tuple(one.people)) for one in ActiveSet.objects.all()}
    Tally.objects.filter(span="d").delete()
    rollups.rebuild(until=date(2025, 2, 28))
    assert set(Tally.objects.values_list("span", "begins_on", "course", "figure", "subject", "amount")) == stored
    assert {(one.span, one.begins_on, one.course_id, tuple(one.people)) for one in ActiveSet.objects.all()} == sets


def test_a_change_of_the_time_zone_restarts_the_roll_ups(sample_data: SampleData, settings: Any) -> None:
    rollups.roll_up_closed_days(until=date(2025, 2, 28))
    settings.TIME_ZONE = "Asia/Tokyo"
    assert RollupState.current().last_usable_day is None
    rollups.roll_up_closed_days(until=date(2025, 2, 28))
    assert RollupState.current().last_usable_day == date(2025, 2, 28)
    assert list(rollups.find_differences()) == []


def test_today_is_never_rolled_up(sample_data: SampleData, enrollment: Enrollment) -> None:
    rollups.roll_up_closed_days()
    assert not Tally.objects.filter(span="d", begins_on__gte=today()).exists()
    assert enrollment_report(Period(today(), today())).totals["enrollments"] == 1


def test_a_late_row_with_an_old_date_is_rolled_up(sample_data: SampleData) -> None:
    """Payment events of Stripe may arrive late."""
    rollups.roll_up_closed_days(until=date(2025, 2, 28))
    sample_data.add_event("payment", datetime(2025, 1, 5, 3, tzinfo=UTC), 1, 0, 7)
    assert LedgerEntry.objects.count() == 15
    rollups.roll_up_closed_days(until=date(2025, 2, 28))
    assert list(rollups.find_differences()) == []


def test_a_person_active_on_several_days_is_counted_once(
    sample_data: SampleData, dan: User, api_of: Callable[[User], Any]
) -> None:
    rollups.roll_up_closed_days(until=date(2025, 1, 10))
    path = "/api/v1/analytics/enrollments?date_from=2025-01-01&date_to=2025-01-14&interval=week"
    response = api_of(dan).get(path).json()
    assert response["totals"]["active"] == 4
    assert [row["active"] for row in response["series"]] == [4, 4, 2]


def test_accounts_count_by_creation_day_until_they_are_deleted(alice: User) -> None:
    days = Period(date(2025, 1, 1), date(2025, 1, 31))
    people = [make_user(f"Visitor{number}") for number in range(5)]
    for number, one in enumerate(people):
        User.objects.filter(pk=one.pk).update(created_at=datetime(2025, 1, 4 + number, 12, tzinfo=UTC))
    assert overview(days, "EUR")["total_users"] == 5
    rollups.roll_up_closed_days(until=date(2025, 1, 20))
    assert overview(days, "EUR")["total_users"] == 5
    account_deletion.close_account(actor=people[2], user=people[2])
    rollups.roll_up_closed_days(until=date(2025, 1, 20))
    assert overview(days, "EUR")["total_users"] == 4
    assert overview(None, "EUR")["total_users"] == User.objects.count()
    assert list(rollups.find_differences()) == []


@pytest.mark.quality("G12")
@pytest.mark.parametrize(
    ("report", "most"),
    [
        (lambda course, year: overview(year, "EUR"), 8),
        (lambda course, year: enrollment_report(year), 12),
        (lambda course, year: revenue_report(year, "EUR"), 6),
        (lambda course, year: course_report(course, year, "EUR"), 13),
    ],
)
def test_a_report_takes_few_queries_and_counts_today_once(sample_data: SampleData, report: Any, most: int) -> None:
    rollups.roll_up_closed_days()
    year = Period(today() - timedelta(days=364), today())
    with CaptureQueriesContext(connection) as queries:
        report(sample_data.courses[0], year)
    rows = [query["sql"] for query in queries if "_tally" not in query["sql"] and "_activeset" not in query["sql"]]
    assert len(queries) <= most
    assert len(rows) == len(set(rows))


@pytest.mark.quality("G12")
def test_site_sums_need_no_query_by_course_and_equal_course_sums(sample_data: SampleData) -> None:
    january = Period(date(2025, 1, 1), date(2025, 1, 31))
    figures = sorted(rollups.SITE_FIGURES)
    with CaptureQueriesContext(connection) as queries:
        of_the_site = RollupReader().sums(january, figures)
    assert not [query for query in queries if "course_id" in query["sql"] and "_tally" not in query["sql"]]
    by_course = RollupReader().by_course(january, figures).values()
    assert by_course
    for figure in figures:
        if figure != Figure.JOINED:
            assert of_the_site.of(figure, "EUR") == sum(one.of(figure, "EUR") for one in by_course)
            assert of_the_site.of(figure) == sum(one.of(figure) for one in by_course)
    reader = RollupReader()
    reader.by_course(january, figures)
    with CaptureQueriesContext(connection) as queries:
        assert reader.sums(january, figures) == of_the_site
    assert len(queries) == 0, "site sums are derived from the cached figures of the courses"
