"""Browser tests for reordering lessons and sections by drag and drop, online and offline."""

import pytest
from playwright.sync_api import Locator, Page, expect

from accounts.models import User
from courses import services
from courses.models import Course
from lms.tests.test_learning_room_browser import log_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def parts(alice: User, course: Course) -> Course:
    """Return Alice's course with two sections of three lessons and one lesson."""
    later = services.add_section(actor=alice, course=course, title="Later")
    services.add_lesson(actor=alice, course=course, title="Tea 4", section=later)
    return course


def row(page: Page, title: str) -> Locator:
    return page.locator(f'li[data-title="{title}"]')


def drag(page: Page, grip: Locator, onto: Locator, share: float) -> None:
    """Drag by a handle onto another element, at `share` of its height from the top."""
    grip.scroll_into_view_if_needed()
    start, end = grip.bounding_box(), onto.bounding_box()
    assert start
    assert end
    page.mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(end["x"] + 60, end["y"] + end["height"] * share, steps=8)
    page.mouse.move(end["x"] + 61, end["y"] + end["height"] * share)


def get_order(course: Course) -> list[tuple[str, list[str]]]:
    return [
        (section.title, [lesson.title for lesson in section.lessons.order_by("order")])
        for section in course.sections.order_by("order")
    ]


def test_lessons_and_sections_can_be_reordered_by_dragging(
    page: Page, live_site: str, alice: User, parts: Course
) -> None:
    log_in(page, live_site, alice, f"/teach/courses/{parts.slug}/")
    with page.expect_response("**/arrange/") as first:
        drag(page, row(page, "Tea 3").locator("[data-grip]"), row(page, "Tea 1"), 0.2)
        page.mouse.up()
    assert first.value.status == 204
    assert get_order(parts) == [("Lessons", ["Tea 3", "Tea 1", "Tea 2"]), ("Later", ["Tea 4"])]

    with page.expect_response("**/arrange/"):
        drag(page, row(page, "Tea 1").locator("[data-grip]"), row(page, "Tea 4"), 0.9)
        page.mouse.up()
    assert get_order(parts) == [("Lessons", ["Tea 3", "Tea 2"]), ("Later", ["Tea 4", "Tea 1"])]

    sections = page.locator("section[data-place]")
    with page.expect_response("**/arrange/"):
        drag(page, sections.nth(1).locator("[data-grip]").first, sections.nth(0), 0.1)
        page.mouse.up()
    assert get_order(parts) == [("Later", ["Tea 4", "Tea 1"]), ("Lessons", ["Tea 3", "Tea 2"])]
    expect(sections.nth(0).locator("h2")).to_have_text("1 · Later")
    expect(page.locator("[data-arrange-state]")).to_have_text("Order saved.")

    page.reload()
    expect(sections.nth(0).locator("li")).to_have_count(2)
    expect(sections.nth(0).locator("li").first).to_contain_text("Tea 4")


def test_a_failed_move_is_reverted_with_a_message(page: Page, live_site: str, alice: User, parts: Course) -> None:
    log_in(page, live_site, alice, f"/teach/courses/{parts.slug}/")
    rows = page.locator("li[data-place]")
    before = get_order(parts)

    drag(page, row(page, "Tea 4").locator("[data-grip]"), row(page, "Tea 1"), 0.2)
    expect(rows.first).to_contain_text("Tea 4")
    page.keyboard.press("Escape")
    page.mouse.up()
    expect(rows.last).to_contain_text("Tea 4")

    page.context.set_offline(True)
    drag(page, row(page, "Tea 4").locator("[data-grip]"), row(page, "Tea 1"), 0.2)
    page.mouse.up()
    expect(page.locator("[data-arrange-state]")).to_contain_text("was reverted")
    expect(rows.last).to_contain_text("Tea 4")
    assert get_order(parts) == before
