"""Browser tests for the command palette."""

import pytest
from playwright.sync_api import Page, expect

from courses.models import Course
from tools.testing.browser import assert_accessible

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_palette_finds_a_course_and_restores_the_focus(page: Page, live_site: str, course: Course) -> None:
    page.goto(live_site)
    link = page.get_by_role("link", name="Browse courses")
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


def test_enter_opens_the_first_result(page: Page, live_site: str, course: Course) -> None:
    page.goto(f"{live_site}/certificates/verify/")
    page.keyboard.press("Control+k")
    page.keyboard.type("tea")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{live_site}/courses/tea/")


def test_enter_opens_the_results_page_if_the_panel_fails_to_load(page: Page, live_site: str, course: Course) -> None:
    page.route("**/search/?panel**", lambda route: route.abort())
    page.goto(live_site)
    page.keyboard.press("Control+k")
    page.keyboard.type("tea")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{live_site}/search/?search=tea")
    expect(page.get_by_role("link", name="Tea Alice Example")).to_be_visible()
