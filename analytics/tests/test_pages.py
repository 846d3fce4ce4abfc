"""Tests of the analytics pages: figures, permissions and compliance with the Content-Security-Policy."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from analytics import rollups
from analytics.activity_buffer import activity_buffer
from courses.models import Course
from enrollments import services as enrollments
from enrollments.grades import record_grade
from enrollments.models import Enrollment
from tools.testing.plugin import buy_course, complete_all_lessons, make_course, make_graded_item


def tiles(page: str) -> dict[str, str]:
    """Return the figures of a page by their labels."""
    found = re.findall(r'<div class="tile">\s*<dt>(.*?)</dt>\s*<dd><strong>(.*?)</strong>', page)
    return dict(found)


@pytest.fixture
def taught(course: Course, alice: User, bob: User, carol: User) -> Course:
    """Alice's course: Bob has completed it and has nine points of ten, Carol has done one lesson of three."""
    item = make_graded_item(course)
    done = complete_all_lessons(enrollments.enroll(actor=bob, user=bob, course=course))
    begun = enrollments.enroll(actor=carol, user=carol, course=course)
    enrollments.complete_lesson(actor=carol, enrollment=begun, lesson_id=course.lessons.order_by("order")[0].pk)
    record_grade(actor=alice, item=item, enrollment=done, points=9)
    activity_buffer.flush()
    return course


@pytest.mark.quality("N02")
def test_the_course_page_shows_activity_and_student_progress(
    taught: Course, alice: User, browser_of: Callable[[User], Any]
) -> None:
    page = browser_of(alice).get("/teach/courses/tea/analytics/").content.decode()
    figures = tiles(page)
    assert (figures["New enrollments"], figures["Active learners"], figures["Completions"]) == ("2", "2", "1")
    assert (figures["Students"], figures["Completion rate"]) == ("2", "50%")
    assert (figures["Average progress"], figures["Average grade"]) == ("66.67%", "90%")
    assert "Most students stop before “Tea 2”." in page
    assert "2 · 100%" in page
    assert "1 · 50%" in page


def test_charts_have_data_tables_and_no_inline_styles(
    taught: Course, alice: User, browser_of: Callable[[User], Any]
) -> None:
    page = browser_of(alice).get("/teach/courses/tea/analytics/").content.decode()
    assert page.count("<figure") == page.count('class="numbers"') == 2
    assert " style=" not in page
    assert "<style" not in page
    today = timezone.localdate()
    assert f'<th scope="row">{today.day} {today:%b}</th><td>2</td>' in page


@pytest.mark.quality("N02")
@pytest.mark.parametrize("query", ["date_from=2026-02-01&date_to=2026-01-01", "date_from=x", "date_from=0001-01-01"])
def test_an_invalid_date_range_shows_an_error(
    query: str, taught: Course, alice: User, dan: User, browser_of: Any
) -> None:
    for user, address in ((alice, "/teach/courses/tea/analytics/"), (dan, "/analytics/")):
        response = browser_of(user).get(f"{address}?{query}")
        assert response.status_code == 400
        assert "error-summary" in response.content.decode()


@pytest.mark.quality("N02")
def test_the_overview_shows_each_currency_separately(
    alice: User, bob: User, dan: User, browser_of: Callable[[User], Any]
) -> None:
    buy_course(bob, make_course(alice, "Coffee", price_cents=4900))
    buy_course(bob, make_course(alice, "Sake", price_cents=5000, currency="JPY"))
    figures = tiles(browser_of(dan).get("/analytics/").content.decode())
    assert figures["Net revenue (EUR)"] == "€49"
    assert figures["Net revenue (JPY)"] == "¥5,000"


def test_a_ten_year_range_is_shown_by_month(taught: Course, dan: User, browser_of: Callable[[User], Any]) -> None:
    page = browser_of(dan).get("/analytics/?date_from=2016-01-01&date_to=2025-12-31&interval=day").content.decode()
    assert '<option value="month" selected' in page
    assert page.count('<th scope="row">Jan 2016</th>') >= 1 or "No data for this period" in page


def test_pages_show_the_same_figures_before_and_after_a_roll_up(
    taught: Course, alice: User, browser_of: Callable[[User], Any]
) -> None:
    Enrollment.objects.update(enrolled_at=timezone.now() - timedelta(days=9))
    browser = browser_of(alice)
    before = tiles(browser.get("/teach/courses/tea/analytics/").content.decode())
    assert rollups.roll_up_closed_days() > 0
    assert tiles(browser.get("/teach/courses/tea/analytics/").content.decode()) == before


def test_the_student_page_shows_the_reasons_for_the_risk(
    enrollment: Enrollment, alice: User, browser_of: Callable[[User], Any]
) -> None:
    make_graded_item(enrollment.course, due_at=timezone.now() - timedelta(days=3))
    Enrollment.objects.update(last_activity_at=timezone.now() - timedelta(days=15))
    page = browser_of(alice).get(f"/teach/courses/tea/students/{enrollment.pk}/activity/").content.decode()
    assert "At risk: no visit for 15 days, 1 deadline missed." in page


def test_the_student_page_shows_progress_grade_and_time_spent(
    taught: Course, alice: User, bob: User, browser_of: Any
) -> None:
    enrollment = Enrollment.objects.get(user=bob)
    page = browser_of(alice).get(f"/teach/courses/tea/students/{enrollment.pk}/activity/").content.decode()
    figures = tiles(page)
    assert (figures["Progress"], figures["Current grade"], figures["Time spent"]) == ("100%", "90%", "15 min")


def test_a_student_of_another_course_is_not_found(
    enrollment: Enrollment, alice: User, browser_of: Callable[[User], Any]
) -> None:
    make_course(alice, "Mate")
    assert browser_of(alice).get(f"/teach/courses/mate/students/{enrollment.pk}/activity/").status_code == 404


def test_an_empty_course_shows_zeros(course: Course, alice: User, browser_of: Callable[[User], Any]) -> None:
    page = browser_of(alice).get("/teach/courses/tea/analytics/").content.decode()
    assert tiles(page)["Completion rate"] == "0%"
    assert "No data for this period." in page
    assert "No completions yet." in page
