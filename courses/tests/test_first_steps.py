"""An empty site leads its staff to the first lesson, and tells nobody else."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from courses.models import Category
from lms.testing.plugin import make_course

GUIDE = "From an empty site to the first lesson"


def test_staff_of_an_empty_site_are_led_and_see_what_is_done(browser_of: Callable[[Any], Client], dan: User) -> None:
    page = browser_of(dan).get("/").text
    assert GUIDE in page
    assert page.count("To do") == 4
    Category.objects.create(slug="craft", name="Craft")
    assert browser_of(dan).get("/").text.count("To do") == 3


@pytest.mark.django_db
def test_visitors_and_teachers_see_no_guide(browser_of: Callable[[Any], Client], alice: User) -> None:
    for person in (None, alice):
        assert GUIDE not in browser_of(person).get("/").text


def test_the_guide_goes_with_the_first_course(browser_of: Callable[[Any], Client], alice: User, dan: User) -> None:
    make_course(alice)
    assert GUIDE not in browser_of(dan).get("/").text


def test_staff_who_log_in_to_an_empty_site_find_the_guide_where_they_land(
    browser_of: Callable[[Any], Client], dan: User, bob: User
) -> None:
    assert GUIDE in browser_of(dan).get("/dashboard/").text
    assert GUIDE not in browser_of(bob).get("/dashboard/").text


@pytest.mark.django_db
def test_an_empty_site_counts_nothing_and_offers_an_account(browser_of: Callable[[Any], Client]) -> None:
    page = browser_of(None).get("/").text
    assert "0 courses" not in page
    assert "Find a course" not in page
    assert "Make an account" in page
