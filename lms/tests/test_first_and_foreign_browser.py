"""Browser tests for empty pages and for right-to-left languages."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from courses.models import Course
from tools.testing.browser import log_in
from tools.testing.layout import Viewport, find_layout_faults

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHAPES = (Viewport(320), Viewport(640), Viewport(1280))


# Pages without data, and the link to the next step.
EMPTY = [
    ("bob", "/dashboard/", "Browse courses"),
    ("bob", "/certificates/", ""),
    ("bob", "/grades/", ""),
    ("bob", "/calendar/", ""),
    ("bob", "/orders/", ""),
    ("bob", "/notifications/", ""),
    ("alice", "/teach/", "Create course"),
    ("alice", "/teach/dashboard/", "Create course"),
    ("alice", "/teach/grading/", ""),
    ("dan", "/", "Name the site"),
]


@pytest.mark.parametrize(("name", "path", "step"), EMPTY)
def test_an_empty_page_explains_its_content_and_links_to_the_next_step(
    page: Page, live_site: str, alice: User, bob: User, dan: User, name: str, path: str, step: str
) -> None:
    log_in(page, live_site, {"alice": alice, "bob": bob, "dan": dan}[name], path)
    assert find_layout_faults(page, SHAPES) == []
    if step:
        expect(page.get_by_role("main").get_by_role("link", name=step)).to_be_visible()
    else:
        expect(page.locator("main .empty")).to_be_visible()


def test_the_setup_guide_leads_to_the_first_lesson(page: Page, live_site: str, dan: User) -> None:
    User.objects.filter(pk=dan.pk).update(is_superuser=True)
    log_in(page, live_site, dan, "/dashboard/")
    main = page.get_by_role("main")
    main.get_by_role("link", name="Name the site").click()
    page.locator("#id_name").fill("Harbour School")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="View home page").click()
    expect(main.get_by_text("To do")).to_have_count(3)
    main.get_by_role("link", name="Add subjects").click()
    page.locator("#id_name").fill("Craft")
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto(live_site)
    main.get_by_role("link", name="Publish the first course").click()
    page.get_by_label("Title").fill("Knots")
    page.get_by_role("button", name="Create course").click()
    page.get_by_role("link", name="Add lesson").click()
    page.get_by_label("Title").fill("The bowline")
    page.get_by_label("Text").fill("Round and round.")
    page.get_by_role("button", name="Save lesson").click()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("is published").first).to_be_visible()
    page.goto(live_site)
    expect(page.get_by_role("heading", name="Set up your site")).to_have_count(0)
    expect(page.get_by_text("Harbour School").first).to_be_visible()
    expect(main.get_by_role("link", name="Knots").first).to_be_visible()


def test_the_layout_is_mirrored_for_a_right_to_left_language(
    browser: Browser, live_site: str, settings: Any, course: Course
) -> None:
    settings.LANGUAGES = [("en", "English"), ("he", "Hebrew")]
    context = browser.new_context(locale="he", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(live_site)
    assert page.locator("html").get_attribute("dir") == "rtl"
    left = {
        name: page.locator(name).first.evaluate("one => one.getBoundingClientRect().left")
        for name in (".brand", ".bar-actions", ".hero h1", ".hero-course")
    }
    assert left[".brand"] > left[".bar-actions"]
    assert left[".hero h1"] > left[".hero-course"]
    assert page.locator(".forward").first.evaluate("one => getComputedStyle(one).scale") == "-1 1"
    assert find_layout_faults(page, (Viewport(1280, "rtl"), Viewport(390, "rtl"))) == []
    context.close()


# Positions of the first letter and the full stop of the heading, and of its box.
PLACES = """() => {
  const heading = document.querySelector("h1");
  const text = heading.firstChild;
  const at = (place) => {
    const range = document.createRange();
    range.setStart(text, place);
    range.setEnd(text, place + 1);
    return range.getBoundingClientRect().left;
  };
  return { first: at(0), stop: at(text.data.indexOf(".")), box: heading.getBoundingClientRect().left };
}"""


def test_a_hebrew_title_on_an_english_page_keeps_its_direction(page: Page, live_site: str, course: Course) -> None:
    """The full stop is at the left end of the title, and the title is aligned like all others."""
    Course.objects.filter(pk=course.pk).update(title="לחם מקמח.")
    page.goto(f"{live_site}/courses/{course.slug}/")
    found = page.evaluate(PLACES)
    assert found["stop"] < found["first"]
    assert found["stop"] - found["box"] < 5
