"""The pages of figures: what they show, to whom, and that the browser's policy lets them."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from analytics import rollups
from analytics.noting import notebook
from courses.models import Course
from enrollments import services as enrollments
from enrollments.grades import record_grade
from enrollments.models import Enrollment
from lms.testing.plugin import buy_course, complete_all_lessons, graded_item, make_course


def tiles(page: str) -> dict[str, str]:
    """Return the figures of a page by their labels."""
    found = re.findall(r'<div class="tile">\s*<dt>(.*?)</dt>\s*<dd><strong>(.*?)</strong>', page)
    return dict(found)


@pytest.fixture
def taught(course: Course, alice: User, bob: User, carol: User) -> Course:
    """Alice's course: Bob has completed it and has nine points of ten, Carol has done one lesson of three."""
    item = graded_item(course)
    done = complete_all_lessons(enrollments.enroll(actor=bob, user=bob, course=course))
    begun = enrollments.enroll(actor=carol, user=carol, course=course)
    enrollments.complete_lesson(actor=carol, enrollment=begun, lesson_id=course.lessons.order_by("order")[0].pk)
    record_grade(actor=alice, item=item, enrollment=done, points=9)
    notebook.write()
    return course


@pytest.mark.quality("N02")
def test_the_course_s_page_shows_what_happened_and_how_students_stand(
    taught: Course, alice: User, browser_of: Callable[[User], Any]
) -> None:
    page = browser_of(alice).get("/teach/courses/tea/analytics/").content.decode()
    shown = tiles(page)
    assert (shown["New enrolments"], shown["Active learners"], shown["Completions"]) == ("2", "2", "1")
    assert (shown["Students so far"], shown["Have completed it"]) == ("2", "50%")
    assert (shown["Average progress"], shown["Average grade"]) == ("66.67%", "90%")
    assert "Most people stop before “Tea 2”." in page
    assert "2 · 100%" in page
    assert "1 · 50%" in page


def test_a_chart_has_its_table_and_nothing_inline(
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
def test_days_that_make_no_sense_are_said(query: str, taught: Course, alice: User, dan: User, browser_of: Any) -> None:
    for user, address in ((alice, "/teach/courses/tea/analytics/"), (dan, "/analytics/")):
        answer = browser_of(user).get(f"{address}?{query}")
        assert answer.status_code == 400
        assert "error-summary" in answer.content.decode()


@pytest.mark.quality("N02")
def test_no_two_currencies_are_added_on_the_overview(
    alice: User, bob: User, dan: User, browser_of: Callable[[User], Any]
) -> None:
    buy_course(bob, make_course(alice, "Coffee", price_cents=4900))
    buy_course(bob, make_course(alice, "Sake", price_cents=5000, currency="JPY"))
    shown = tiles(browser_of(dan).get("/analytics/").content.decode())
    assert shown["Revenue, net, in EUR"] == "€49"
    assert shown["Revenue, net, in JPY"] == "¥5,000"


def test_ten_years_are_shown_by_month(taught: Course, dan: User, browser_of: Callable[[User], Any]) -> None:
    page = browser_of(dan).get("/analytics/?date_from=2016-01-01&date_to=2025-12-31&interval=day").content.decode()
    assert '<option value="month" selected' in page
    assert page.count('<th scope="row">Jan 2016</th>') >= 1 or "Nothing happened in these days" in page


def test_the_pages_say_the_same_before_and_after_the_days_are_rolled_up(
    taught: Course, alice: User, browser_of: Callable[[User], Any]
) -> None:
    Enrollment.objects.update(enrolled_at=timezone.now() - timedelta(days=9))
    browser = browser_of(alice)
    before = tiles(browser.get("/teach/courses/tea/analytics/").content.decode())
    assert rollups.keep_up() > 0
    assert tiles(browser.get("/teach/courses/tea/analytics/").content.decode()) == before


def test_the_student_s_page_says_why_they_may_be_lost(
    enrollment: Enrollment, alice: User, browser_of: Callable[[User], Any]
) -> None:
    graded_item(enrollment.course, due_at=timezone.now() - timedelta(days=3))
    Enrollment.objects.update(last_activity_at=timezone.now() - timedelta(days=15))
    page = browser_of(alice).get(f"/teach/courses/tea/students/{enrollment.pk}/activity/").content.decode()
    assert "May be lost: no visit for 15 days, 1 deadline missed." in page


def test_the_student_s_page_counts_time_and_lessons(taught: Course, alice: User, bob: User, browser_of: Any) -> None:
    mine = Enrollment.objects.get(user=bob)
    page = browser_of(alice).get(f"/teach/courses/tea/students/{mine.pk}/activity/").content.decode()
    shown = tiles(page)
    assert (shown["Progress"], shown["Grade so far"], shown["At it in these days"]) == ("100%", "90%", "15 min")


def test_another_course_s_student_is_not_found_here(
    enrollment: Enrollment, alice: User, browser_of: Callable[[User], Any]
) -> None:
    make_course(alice, "Mate")
    assert browser_of(alice).get(f"/teach/courses/mate/students/{enrollment.pk}/activity/").status_code == 404


def test_an_empty_course_shows_zeros(course: Course, alice: User, browser_of: Callable[[User], Any]) -> None:
    page = browser_of(alice).get("/teach/courses/tea/analytics/").content.decode()
    assert tiles(page)["Have completed it"] == "0%"
    assert "Nothing happened in these days." in page
    assert "Nobody has completed the course yet." in page
