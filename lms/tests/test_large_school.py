"""Tests that the query counts of course pages do not depend on the size of the school."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from core.models import SiteSettings
from courses.models import Course, Lesson
from courses.services import recount_lessons
from enrollments import services
from enrollments.models import Enrollment
from tools.demo.sized import Size, load_sized
from tools.testing.plugin import complete_all_lessons, make_course

pytestmark = pytest.mark.django_db
Browser = Callable[[Any], Client]


def queries_of(client: Client, address: str) -> list[str]:
    cache.clear()
    SiteSettings.current()  # every page reads it from the cache
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200, address
    return [query["sql"] for query in captured.captured_queries]


def counts(client: Client, *addresses: str) -> dict[str, int]:
    return {address: len(queries_of(client, address)) for address in addresses}


@pytest.mark.quality("G1")
def test_the_catalog_needs_the_same_queries_for_20_and_2000_courses(browser_of: Browser) -> None:
    addresses = (
        "/", "/courses/", "/courses/?page=2", "/courses/?ordering=rating&level=beginner", "/courses/?search=knots",
        "/api/v1/courses/", "/api/v1/courses/?page_size=100",
    )  # fmt: skip
    visitor = browser_of(None)
    load_sized(Size(courses=100, students=1, enrollments=1, lessons=1))
    small = counts(visitor, *addresses)
    load_sized(Size(courses=1_900, students=1, enrollments=1, lessons=1))
    assert counts(visitor, *addresses) == small
    assert max(counts(visitor, "/courses/", "/api/v1/courses/").values()) <= 6


def grow_to(course: Course, lessons: int) -> None:
    """Add lessons to the last section until the course has `lessons` lessons."""
    section = course.sections.order_by("-order")[0]
    there = course.lessons.count()
    Lesson.objects.bulk_create(
        Lesson(course=course, section=section, title=f"Lesson {number}", order=number, content="Text.")
        for number in range(there + 1, lessons + 1)
    )
    recount_lessons(course=course)


@pytest.mark.quality("G3")
def test_a_course_needs_the_same_queries_for_10_and_1000_lessons(alice: User, bob: User, browser_of: Browser) -> None:
    course = make_course(alice, "Tea", lessons=10)
    enrollment = services.enroll(actor=bob, user=bob, course=course)
    first = course.lessons.order_by("order")[0]
    services.complete_lesson(actor=bob, enrollment=enrollment, lesson_id=first.pk)
    addresses = ("/courses/tea/", f"/learn/tea/{first.pk}/", "/learn/tea/progress/", "/dashboard/")
    student, author = browser_of(bob), browser_of(alice)
    small = counts(student, *addresses), counts(author, "/teach/courses/tea/")
    grow_to(course, 1_000)
    assert (counts(student, *addresses), counts(author, "/teach/courses/tea/")) == small
    assert len(queries_of(student, "/courses/tea/")) <= 15


@pytest.mark.quality("G2")
def test_the_dashboard_needs_the_same_queries_for_40_and_200_courses(
    bob: User, browser_of: Browser, alice: User
) -> None:
    done = make_course(alice, "Done", lessons=1)
    complete_all_lessons(services.enroll(actor=bob, user=bob, course=done))
    load_sized(Size(courses=200, students=1, enrollments=1, lessons=2))
    others = list(Course.objects.exclude(pk=done.pk))
    Enrollment.objects.bulk_create(Enrollment(user=bob, course=course) for course in others[:39])
    student, pages = browser_of(bob), ("/dashboard/", "/dashboard/?page=2")
    small = counts(student, *pages)
    Enrollment.objects.bulk_create(Enrollment(user=bob, course=course) for course in others[39:])
    assert counts(student, *pages) == small
    assert max(small.values()) <= 15, small
