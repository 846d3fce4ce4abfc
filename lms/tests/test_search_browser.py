"""The palette: from anywhere to anything by the keyboard alone."""

import pytest
from playwright.sync_api import Page, expect

from courses.models import Course
from lms.testing.browsing import assert_accessible

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_ctrl_k_finds_a_course_and_gives_the_focus_back(page: Page, live_site: str, course: Course) -> None:
    page.goto(live_site)
    link = page.get_by_role("link", name="Find a course")
    link.focus()
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Search")
    expect(palette.get_by_role("link", name="Log in")).to_be_visible()
    assert_accessible(page)

    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    expect(link).to_be_focused()

    page.keyboard.press("Control+k")
    page.keyboard.type("tea")
    expect(palette.get_by_role("link", name="Tea Alice Example")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(palette.get_by_role("link", name="Tea Alice Example")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{live_site}/courses/tea/")


def test_enter_opens_the_first_that_is_found(page: Page, live_site: str, course: Course) -> None:
    page.goto(f"{live_site}/certificates/verify/")
    page.keyboard.press("Control+k")
    page.keyboard.type("tea")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{live_site}/courses/tea/")


def test_without_a_network_enter_still_leads_to_the_page_of_results(page: Page, live_site: str, course: Course) -> None:
    page.route("**/search/?panel**", lambda route: route.abort())
    page.goto(live_site)
    page.keyboard.press("Control+k")
    page.keyboard.type("tea")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{live_site}/search/?search=tea")
    expect(page.get_by_role("link", name="Tea Alice Example")).to_be_visible()
