"""Tests that the site search only finds what the user may open."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from tools.testing.plugin import make_course


def found_by(browser: Client, text: str) -> str:
    return browser.get("/search/", {"panel": "", "search": text}).text


def test_a_student_finds_courses_and_lessons_of_their_enrollments(
    browser_of: Callable[[Any], Client], bob: User, enrollment: Enrollment
) -> None:
    page = found_by(browser_of(bob), "tea")
    lesson = enrollment.course.lessons.all()[1]
    assert "/courses/tea/" in page
    assert f"/learn/tea/{lesson.pk}/" in page


@pytest.mark.quality("C01")
def test_other_users_find_neither_lessons_nor_drafts(
    browser_of: Callable[[Any], Client], alice: User, carol: User, course: Course
) -> None:
    draft = make_course(alice, "Teapots", lessons=1)
    Course.objects.filter(pk=draft.pk).update(is_published=False)
    for person in (None, carol):
        page = found_by(browser_of(person), "tea")
        assert "/courses/tea/" in page
        assert "/learn/" not in page
        assert "Teapots" not in page
    assert "Teapots" in found_by(browser_of(alice), "tea")


def test_an_instructor_finds_their_own_lessons(
    browser_of: Callable[[Any], Client], alice: User, course: Course
) -> None:
    assert f"/courses/tea/lessons/{course.lessons.all()[2].pk}/" in found_by(browser_of(alice), "tea 3")


@pytest.mark.quality("U02")
def test_only_staff_with_permission_find_users(
    browser_of: Callable[[Any], Client], alice: User, bob: User, dan: User
) -> None:
    dan.user_permissions.add(Permission.objects.get(codename="view_user"))
    assert "bob@example.com" in found_by(browser_of(dan), "bob")
    for person in (None, alice, bob):
        assert "bob@example.com" not in found_by(browser_of(person), "bob")


def test_one_character_and_unknown_words_find_nothing(client: Client, course: Course) -> None:
    assert "/courses/tea/" not in found_by(client, "t")
    assert "No results for" in found_by(client, "xyzzy")


def test_a_search_needs_the_same_queries_for_any_number_of_lessons(
    browser_of: Callable[[Any], Client], bob: User, alice: User, enrollment: Enrollment
) -> None:
    browser = browser_of(bob)
    found_by(browser, "tea")
    with CaptureQueriesContext(connection) as few:
        found_by(browser, "tea")
    for number in range(8):
        make_course(alice, f"Tea, volume {number}", lessons=2)
    with CaptureQueriesContext(connection) as many:
        found_by(browser, "tea")
    assert len(many) == len(few)
