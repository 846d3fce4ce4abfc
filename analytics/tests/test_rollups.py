"""The roll-ups: what they say is what the rows say, whatever the time zone, however late something comes."""

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

from accounts import closing
from accounts.models import User
from analytics import rollups
from analytics.course_reports import course_report, happened, standing_of
from analytics.models import ActiveSet, Figure, RollupState, Tally
from analytics.periods import Period, today
from analytics.reports import enrollment_report, overview, revenue_report
from analytics.tallies import Reader, covering
from analytics.tests import worlds
from analytics.tests.worlds import World
from enrollments.models import Enrollment, LessonProgress
from lms.testing.lasting import undone
from lms.testing.plugin import person
from payments.models import LedgerEntry

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland")
# Clocks are put forward in Berlin in that night, and back in the other one.
NIGHTS = (datetime(2025, 3, 30, 1, tzinfo=UTC), datetime(2025, 10, 26, 1, tzinfo=UTC))
KINDS = ("enroll", "complete", "lesson", "learn", "grade", "payment", "refund", "dispute", "dispute_won")

happenings = st.lists(
    st.tuples(
        st.sampled_from(KINDS), st.integers(-60 * 24 * 40, 60 * 24 * 40), st.integers(0, 3), st.integers(0, 1),
        st.integers(0, 30),
    ),
    min_size=5, max_size=40,
)  # fmt: skip


def compare(world: World, zone: str, period: Period) -> None:
    """Compare every figure of every report over a period with plain SQL over the rows."""
    begin, end = worlds.limits(period.first, period.last, zone)
    learning = enrollment_report(period)
    assert learning.totals == {
        "enrollments": worlds.enrolled(begin, end),
        "completions": worlds.enrolled(begin, end, "completed_at"),
        "active": worlds.active(begin, end),
    }
    for row in learning.by_course:
        assert row["active"] == worlds.active(begin, end, row["course_id"])
        assert row["enrollments"] == worlds.enrolled(begin, end, course=row["course_id"])
    for row in learning.series:
        last = min(next_begin(row["date"], period.interval) - timedelta(days=1), period.last)
        between = worlds.limits(max(row["date"], period.first), last, zone)
        assert row["active"] == worlds.active(*between)
        assert row["enrollments"] == worlds.enrolled(*between)
        assert row["completions"] == worlds.enrolled(*between, "completed_at")
    for currency in ("EUR", "JPY"):
        gross = worlds.money(begin, end, currency, "payment")
        refunds = worlds.money(begin, end, currency, "refund", "dispute") - worlds.money(
            begin, end, currency, "dispute_won"
        )
        revenue = revenue_report(period, currency)
        assert (revenue.totals["gross"], revenue.totals["refunds"]) == (gross, refunds)
        assert revenue.totals["net"] == gross - refunds == sum(row["net"] for row in revenue.series)
    assert overview(period, "EUR")["total_enrollments"] == learning.totals["enrollments"]
    for course in world.courses:
        compare_course(course, zone, period)


def compare_course(course: Any, zone: str, period: Period) -> None:
    begin, end = worlds.limits(period.first, period.last, zone)
    reader = Reader([course.pk])
    found, rows = standing_of(course, reader, period.last), worlds.standing(course.pk, end)
    assert (found.students, found.completed) == (rows["students"], rows["completed"])
    progress = (100 * rows["completed"] + 100 * rows["running"] / 2) / rows["students"] if rows["students"] else 0
    assert found.average_progress == pytest.approx(progress, abs=0.01)
    took = sum(one["completions"] for one in found.took)
    assert took == rows["completed"]
    whole = standing_of(course, reader, date(2030, 1, 1))
    assert (whole.average_grade or 0) == pytest.approx(rows["grade"], abs=0.01)
    assert happened(course, reader, period, "EUR")["active"] == worlds.active(begin, end, course.pk)


def next_begin(day: date, interval: str) -> date:
    if interval == "month":
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return day + timedelta(days=7 if interval == "week" else 1)


@pytest.fixture
def untouched(alice: User) -> World:
    """Two courses in which nothing has happened."""
    return World(alice)


@pytest.mark.quality("N02")
@given(
    data=happenings, late=happenings, zone=st.sampled_from(ZONES), night=st.sampled_from(NIGHTS),
    until=st.integers(-20, 45), first=st.integers(-45, 20), days=st.integers(0, 70),
    interval=st.sampled_from(["day", "week", "month"]),
)  # fmt: skip
@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_figure_is_a_count_of_the_rows(
    untouched: World, settings: Any, data: Any, late: Any, zone: str, night: datetime, until: int, first: int,
    days: int, interval: str,
) -> None:  # fmt: skip
    """Days are rolled up to somewhere in the middle; then rows come late; then the site moves."""
    settings.TIME_ZONE = zone
    begin = night.date() + timedelta(days=first)
    period = Period(begin, begin + timedelta(days=days), interval)
    reach = night.date() + timedelta(days=until)
    world = untouched
    with undone():
        for kind, minutes, who, where, number in data:
            world.happens(kind, night + timedelta(minutes=minutes), who, where, number)
        compare(world, zone, period)
        rollups.keep_up(until=reach)
        compare(world, zone, period)
        for kind, minutes, who, where, number in late:
            world.happens(kind, night + timedelta(minutes=minutes), who, where, number)
        rollups.keep_up(until=reach)
        compare(world, zone, period)
        assert list(rollups.differences()) == []
        settings.TIME_ZONE = "Asia/Tokyo"
        compare(world, "Asia/Tokyo", period)
        rollups.keep_up(until=reach)
        compare(world, "Asia/Tokyo", period)


@pytest.mark.parametrize("is_finished_first", [True, False])
def test_a_completion_that_comes_late_settles_lessons_of_days_that_were_counted(
    alice: User, settings: Any, is_finished_first: bool
) -> None:
    settings.TIME_ZONE = "UTC"
    world, noon = World(alice), datetime(2025, 6, 10, 12, tzinfo=UTC)
    day = timedelta(days=1)
    world.happens("enroll", noon - 3 * day, 0, 0, 0)
    lesson, course = (noon - 2 * day, noon) if is_finished_first else (noon, noon - 2 * day)
    world.happens("lesson", lesson, 0, 0, 0)
    rollups.keep_up(until=date(2025, 6, 12))
    world.happens("complete", course, 0, 0, 0)
    rollups.keep_up(until=date(2025, 6, 12))
    world.happens("lesson", noon - 2.5 * day, 0, 0, 1)
    rollups.keep_up(until=date(2025, 6, 12))
    assert list(rollups.differences()) == []
    compare(world, "UTC", Period(date(2025, 6, 7), date(2025, 6, 11), "day"))


@given(st.dates(date(2000, 1, 1), date(2030, 1, 1)), st.integers(-1, 5000), st.sampled_from([("y", "m"), ("w",), ()]))
def test_spans_cover_every_day_once(first: date, days: int, spans: tuple[str, ...]) -> None:
    last = first + timedelta(days=days)
    pieces: list[tuple[date, date]] = []  # each with the day after it
    for span, begin, end in covering(first, last, spans):
        while begin <= end:
            after = {"d": begin + timedelta(1), "w": begin + timedelta(7), "m": next_begin(begin, "month")}.get(
                span, date(begin.year + 1, 1, 1)
            )
            pieces.append((begin, after))
            begin = after
    pieces.sort()
    begins, ends = [begin for begin, _after in pieces], [after for _begin, after in pieces]
    assert [*begins, last + timedelta(days=1)] == [first, *ends]


@pytest.fixture
def world(alice: User) -> World:
    """Two weeks of January with an enrolment, a lesson, a payment and a grade of each person on each second day."""
    world = World(alice)
    for number in range(14):
        at = datetime(2025, 1, 1 + number, 12, tzinfo=UTC)
        for kind in ("enroll", "lesson", "learn", "payment", "grade"):
            world.happens(kind, at, number % 4, number % 2, number)
    return world


def test_a_refund_counts_on_the_day_of_the_refund(world: World) -> None:
    rollups.keep_up(until=date(2025, 3, 31))
    january = revenue_report(Period(date(2025, 1, 1), date(2025, 1, 31)), "EUR").totals
    world.happens("refund", datetime(2025, 3, 3, tzinfo=UTC), 0, 0, 0)
    rollups.keep_up(until=date(2025, 3, 31))
    assert revenue_report(Period(date(2025, 1, 1), date(2025, 1, 31)), "EUR").totals == january
    assert revenue_report(Period(date(2025, 3, 3), date(2025, 3, 3)), "EUR").totals["net"] == -100


def test_a_second_run_changes_nothing(world: World) -> None:
    assert rollups.keep_up(until=date(2025, 2, 28)) == 59
    before = list(Tally.objects.values_list("pk", flat=True))
    assert rollups.keep_up(until=date(2025, 2, 28)) == 0
    assert list(Tally.objects.values_list("pk", flat=True)) == before


@pytest.mark.quality("G12")
def test_reports_of_ten_years_read_a_few_rows(world: World) -> None:
    rollups.keep_up(until=date(2035, 6, 30))
    reader = Reader()
    spans = list(covering(date(2025, 3, 15), date(2035, 3, 14), ("y", "m")))
    assert [span for span, _first, _last in spans] == ["y", "m", "d", "m", "d"]
    with CaptureQueriesContext(connection) as queries:
        reader.active(Period(date(2025, 1, 1), date(2034, 12, 31)))
        reader.sums(Period(date(2025, 1, 1), date(2034, 12, 31)), ("enrollments",))
    assert len(queries) == 2
    assert not [query for query in queries if "enrollments_enrollment" in query["sql"]]


def test_the_check_finds_what_was_changed_behind_its_back_and_repairs_it(world: World) -> None:
    rollups.keep_up(until=date(2025, 2, 28))
    Enrollment.objects.update(enrolled_at=datetime(2025, 1, 20, tzinfo=UTC))
    LessonProgress.objects.all().delete()
    output = StringIO()
    with pytest.raises(CommandError, match="not what the rows say"):
        call_command("rollups", "check", stdout=output)
    assert "d2025-01-20 enrollments  of the site: kept 0, counted 4" in output.getvalue()
    call_command("rollups", "check", "--repair", stdout=output)
    call_command("rollups", "check", stdout=output)
    assert output.getvalue().endswith("Every figure is what the rows say.\n")


def test_a_rebuild_makes_the_same_roll_ups(world: World) -> None:
    rollups.keep_up(until=date(2025, 2, 28))
    kept = set(Tally.objects.values_list("span", "begins_on", "course", "figure", "subject", "amount"))
    sets = {(one.span, one.begins_on, one.course_id, tuple(one.people)) for one in ActiveSet.objects.all()}
    Tally.objects.filter(span="d").delete()
    rollups.rebuild(until=date(2025, 2, 28))
    assert set(Tally.objects.values_list("span", "begins_on", "course", "figure", "subject", "amount")) == kept
    assert {(one.span, one.begins_on, one.course_id, tuple(one.people)) for one in ActiveSet.objects.all()} == sets


def test_another_time_zone_begins_anew(world: World, settings: Any) -> None:
    rollups.keep_up(until=date(2025, 2, 28))
    settings.TIME_ZONE = "Asia/Tokyo"
    assert RollupState.current().reach is None
    rollups.keep_up(until=date(2025, 2, 28))
    assert RollupState.current().reach == date(2025, 2, 28)
    assert list(rollups.differences()) == []


def test_today_is_never_rolled_up(world: World, enrollment: Enrollment) -> None:
    rollups.keep_up()
    assert not Tally.objects.filter(span="d", begins_on__gte=today()).exists()
    assert enrollment_report(Period(today(), today())).totals["enrollments"] == 1


def test_a_row_with_an_old_date_is_found_by_its_number(world: World) -> None:
    """As a late word from the bank is."""
    rollups.keep_up(until=date(2025, 2, 28))
    world.happens("payment", datetime(2025, 1, 5, 3, tzinfo=UTC), 1, 0, 7)
    assert LedgerEntry.objects.count() == 15
    rollups.keep_up(until=date(2025, 2, 28))
    assert list(rollups.differences()) == []


def test_who_came_every_day_is_one_person(world: World, dan: User, api_of: Callable[[User], Any]) -> None:
    rollups.keep_up(until=date(2025, 1, 10))
    path = "/api/v1/analytics/enrollments?date_from=2025-01-01&date_to=2025-01-14&interval=week"
    answer = api_of(dan).get(path).json()
    assert answer["totals"]["active"] == 4
    assert [row["active"] for row in answer["series"]] == [4, 4, 2]


def test_people_are_counted_by_the_day_they_joined_and_no_more_once_their_account_is_deleted(alice: User) -> None:
    days = Period(date(2025, 1, 1), date(2025, 1, 31))
    people = [person(f"Visitor{number}") for number in range(5)]
    for number, one in enumerate(people):
        User.objects.filter(pk=one.pk).update(created_at=datetime(2025, 1, 4 + number, 12, tzinfo=UTC))
    assert overview(days, "EUR")["total_users"] == 5
    rollups.keep_up(until=date(2025, 1, 20))
    assert overview(days, "EUR")["total_users"] == 5
    closing.close_account(actor=None, user=User.objects.get(pk=people[2].pk))
    rollups.keep_up(until=date(2025, 1, 20))
    assert overview(days, "EUR")["total_users"] == 4
    assert overview(None, "EUR")["total_users"] == User.objects.count()
    assert list(rollups.differences()) == []


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
def test_a_report_takes_few_statements_and_counts_today_once(world: World, report: Any, most: int) -> None:
    rollups.keep_up()
    year = Period(today() - timedelta(days=364), today())
    with CaptureQueriesContext(connection) as queries:
        report(world.courses[0], year)
    rows = [query["sql"] for query in queries if "_tally" not in query["sql"] and "_activeset" not in query["sql"]]
    assert len(queries) <= most
    assert len(rows) == len(set(rows))


@pytest.mark.quality("G12")
def test_the_sums_of_a_site_come_from_no_course_and_are_those_of_its_courses(world: World) -> None:
    january = Period(date(2025, 1, 1), date(2025, 1, 31))
    figures = sorted(rollups.OF_THE_SITE)
    with CaptureQueriesContext(connection) as queries:
        of_the_site = Reader().sums(january, figures)
    assert not [query for query in queries if "course_id" in query["sql"] and "_tally" not in query["sql"]]
    by_course = Reader().by_course(january, figures).values()
    assert by_course
    for figure in figures:
        if figure != Figure.JOINED:
            assert of_the_site.of(figure, "EUR") == sum(one.of(figure, "EUR") for one in by_course)
            assert of_the_site.of(figure) == sum(one.of(figure) for one in by_course)
    reader = Reader()
    reader.by_course(january, figures)
    with CaptureQueriesContext(connection) as queries:
        assert reader.sums(january, figures) == of_the_site
    assert len(queries) == 0, "what is known of each course is known of the site"
