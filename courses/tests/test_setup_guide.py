"""Setup guide for staff of a site without published courses."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from courses.models import Category
from tools.testing.plugin import make_course

GUIDE = "Set up your site"


def test_the_setup_guide_shows_staff_which_steps_are_done(browser_of: Callable[[Any], Client], dan: User) -> None:
    page = browser_of(dan).get("/").text
    assert GUIDE in page
    assert page.count("To do") == 4
    Category.objects.create(slug="craft", name="Craft")
    assert browser_of(dan).get("/").text.count("To do") == 3


@pytest.mark.django_db
def test_visitors_and_instructors_do_not_see_the_setup_guide(browser_of: Callable[[Any], Client], alice: User) -> None:
    for user in (None, alice):
        assert GUIDE not in browser_of(user).get("/").text


def test_the_setup_guide_disappears_with_the_first_course(
    browser_of: Callable[[Any], Client], alice: User, dan: User
) -> None:
    make_course(alice)
    assert GUIDE not in browser_of(dan).get("/").text


def test_the_dashboard_of_staff_shows_the_setup_guide(
    browser_of: Callable[[Any], Client], dan: User, bob: User
) -> None:
    assert GUIDE in browser_of(dan).get("/dashboard/").text
    assert GUIDE not in browser_of(bob).get("/dashboard/").text


@pytest.mark.django_db
def test_the_home_page_of_an_empty_site_offers_an_account(browser_of: Callable[[Any], Client]) -> None:
    page = browser_of(None).get("/").text
    assert "0 courses" not in page
    assert "Browse courses" not in page
    assert "Create account" in page
