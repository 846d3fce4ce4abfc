"""Pages with what people really write: names of eighty letters without a break, two scripts in one line, or nothing."""

from typing import Any

import pytest
from django.apps import apps
from django.db import models
from playwright.sync_api import Page, expect

from accounts.models import User
from lms.testing.browsing import log_in
from lms.testing.layout import Shown, misfits
from lms.testing.live import launched
from lms.tests.test_access import people, values  # noqa: F401  # the world that the table speaks of
from lms.tests.test_every_page import LOOKED_AT, html_pages
from lms.tests.test_every_page_browser import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OURS = ("accounts", "realtime", "files", "courses", "enrollments", "quizzes", "assignments", "instructors")
WRITTEN = {
    "title", "name", "full_name", "short_description", "description", "content", "comment", "reply", "bio", "text",
    "question_text", "feedback", "original_name",
}  # fmt: skip
UNBROKEN = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
EXTREME = f"{UNBROKEN} مقدمة في HTML و CSS (الجزء 2)"
SHAPES = (Shown(320), Shown(640), Shown(1280))


def stretch() -> int:
    """Put the extreme text into every column that people write; return how many rows there were."""
    rows = 0
    for model in (model for name in OURS for model in apps.get_app_config(name).get_models()):
        for field in model._meta.concrete_fields:
            if field.name in WRITTEN and isinstance(field, models.CharField | models.TextField) and not field.unique:
                rows += model._default_manager.update(**{field.name: EXTREME[: field.max_length]})
        if any(field.name == "content_html" for field in model._meta.concrete_fields):
            model._default_manager.update(content_html=f"<p>{EXTREME}</p><pre>{UNBROKEN}</pre>")
    return rows


@pytest.mark.parametrize("name", LOOKED_AT)
def test_long_names_and_two_scripts_in_a_line_stay_within_the_page(
    name: str,
    live_site: str,
    people: dict[str, Any],  # noqa: F811  # pytest's fixture
    values: dict[str, Any],  # noqa: F811  # pytest's fixture
) -> None:
    assert stretch() > 20
    paths = [key.split(" ", 1)[1] for key in html_pages({name: people[name]}, values)]
    wrong = {}
    with launched() as browser:
        context = browser.new_context(reduced_motion="reduce")
        if people[name]:
            sign_in(context, live_site, people[name].email)
        page = context.new_page()
        for path in paths:
            page.goto(live_site + path)
            if found := misfits(page, SHAPES):
                wrong[path] = found
    assert wrong == {}


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
    log_in(page, live_site, {"alice": alice, "bob": bob, "dan": dan}[name])
    page.goto(live_site + path)
    assert misfits(page, SHAPES) == []
    if step:
        expect(page.get_by_role("main").get_by_role("link", name=step)).to_be_visible()
    else:
        expect(page.locator("main .empty")).to_be_visible()


def test_a_language_that_is_read_from_the_right_turns_the_page_around(
    live_site: str, settings: Any, course: Any
) -> None:
    settings.LANGUAGES = [("en", "English"), ("he", "Hebrew")]
    with launched() as browser:
        page = browser.new_context(locale="he", viewport={"width": 1280, "height": 900}).new_page()
        page.goto(live_site)
        assert page.locator("html").get_attribute("dir") == "rtl"
        box = {
            name: page.locator(selector).first.bounding_box() or {}
            for name, selector in {"brand": ".brand", "actions": ".bar-actions", "words": ".hero h1"}.items()
        }
        assert box["brand"]["x"] > box["actions"]["x"]
        heading = page.locator(".hero h1")
        assert heading.evaluate("one => getComputedStyle(one).textAlign") == "right"
        assert misfits(page, (Shown(1280, "rtl"), Shown(390, "rtl"))) == []


def test_words_of_another_script_run_their_own_way(live_site: str, course: Any, page: Page) -> None:
    """A Hebrew title on an English page: its full stop stands at its left end, and it begins where all titles do."""
    type(course).objects.filter(pk=course.pk).update(title="לחם מקמח.")
    page.goto(f"{live_site}/courses/{course.slug}/")
    left = """() => {
      const text = document.querySelector("h1").firstChild;
      const at = (place) => {
        const range = document.createRange();
        range.setStart(text, place);
        range.setEnd(text, place + 1);
        return range.getBoundingClientRect().left;
      };
      return [at(text.data.indexOf(".")) < at(0), getComputedStyle(document.querySelector("h1")).textAlign];
    }"""
    assert page.evaluate(left) == [True, "left"]
