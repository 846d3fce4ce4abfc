"""Pages that have nothing yet, and pages in a language that is read from the right."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from accounts.models import User
from courses.models import Course
from lms.testing.browsing import log_in
from lms.testing.layout import Shown, misfits

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SHAPES = (Shown(320), Shown(640), Shown(1280))


# Where somebody who is new here comes first, and what leads on from there.
EMPTY = [
    ("bob", "/dashboard/", "Find a course"),
    ("bob", "/certificates/", ""),
    ("bob", "/grades/", ""),
    ("bob", "/calendar/", ""),
    ("bob", "/orders/", ""),
    ("bob", "/notifications/", ""),
    ("alice", "/teach/", "Begin a course"),
    ("alice", "/teach/dashboard/", "Begin a course"),
    ("alice", "/teach/grading/", ""),
    ("dan", "/", "Name the site"),
]


@pytest.mark.parametrize(("name", "path", "step"), EMPTY)
def test_a_page_without_anything_says_what_will_stand_there(
    page: Page, live_site: str, alice: User, bob: User, dan: User, name: str, path: str, step: str
) -> None:
    log_in(page, live_site, {"alice": alice, "bob": bob, "dan": dan}[name], path)
    assert misfits(page, SHAPES) == []
    if step:
        expect(page.get_by_role("main").get_by_role("link", name=step)).to_be_visible()
    else:
        expect(page.locator("main .empty")).to_be_visible()


def test_the_guide_leads_from_an_empty_site_to_its_first_lesson(page: Page, live_site: str, dan: User) -> None:
    User.objects.filter(pk=dan.pk).update(is_superuser=True)
    log_in(page, live_site, dan, "/dashboard/")
    main = page.get_by_role("main")
    main.get_by_role("link", name="Name the site").click()
    page.locator("#id_name").fill("Harbour School")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="See the home page").click()
    expect(main.get_by_text("To do")).to_have_count(3)
    main.get_by_role("link", name="Choose the subjects").click()
    page.locator("#id_name").fill("Craft")
    page.get_by_role("button", name="Save", exact=True).click()
    page.goto(live_site)
    main.get_by_role("link", name="Write and publish the first course").click()
    page.get_by_label("Title").fill("Knots")
    page.get_by_role("button", name="Create the draft").click()
    page.get_by_role("link", name="Write a lesson").click()
    page.get_by_label("Title").fill("The bowline")
    page.get_by_label("Text").fill("Round and round.")
    page.get_by_role("button", name="Save the lesson").click()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("is in the catalogue").first).to_be_visible()
    page.goto(live_site)
    expect(page.get_by_role("heading", name="From an empty site")).to_have_count(0)
    expect(page.get_by_text("Harbour School").first).to_be_visible()
    expect(main.get_by_role("link", name="Knots").first).to_be_visible()


def test_a_language_that_is_read_from_the_right_turns_the_page_around(
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
    assert misfits(page, (Shown(1280, "rtl"), Shown(390, "rtl"))) == []
    context.close()


# Where the first letter and the full stop of the heading stand, and where its box begins.
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


def test_words_of_another_script_run_their_own_way(page: Page, live_site: str, course: Course) -> None:
    """A Hebrew title on an English page: its full stop stands at its left end, and it begins where all titles do."""
    Course.objects.filter(pk=course.pk).update(title="לחם מקמח.")
    page.goto(f"{live_site}/courses/{course.slug}/")
    found = page.evaluate(PLACES)
    assert found["stop"] < found["first"]
    assert found["stop"] - found["box"] < 5
