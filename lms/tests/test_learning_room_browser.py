"""Browser tests for writing and taking a course: keyboard only, offline, and on a second device."""

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from courses import services
from courses.models import Course, Lesson, LessonDraft
from enrollments import services as enrollments
from tools.testing.browser import log_in, run_in_thread

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def tab_to(page: Page, role: str, name: str) -> None:
    """Press Tab until the element with this role and name has the focus."""
    wanted = page.get_by_role(role, name=name, exact=True).first
    wanted.wait_for()
    for _press in range(80):
        if wanted.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches the {role} “{name}”.")


def test_a_course_can_be_written_and_published_by_keyboard(page: Page, live_site: str, alice: User) -> None:
    log_in(page, live_site, alice, "/teach/")
    tab_to(page, "link", "Create course")
    page.keyboard.press("Enter")
    tab_to(page, "textbox", "Title")
    page.keyboard.type("Knots")
    tab_to(page, "button", "Create course")
    page.keyboard.press("Enter")
    for title in ("The bowline", "The hitch"):
        tab_to(page, "link", "Add lesson")
        page.keyboard.press("Enter")
        tab_to(page, "textbox", "Title")
        page.keyboard.type(title)
        tab_to(page, "textbox", "Text (optional)")
        page.keyboard.type("Round and round.")
        tab_to(page, "button", "Save lesson")
        page.keyboard.press("Enter")
    tab_to(page, "button", "Move down The bowline")
    page.keyboard.press("Enter")
    expect(page.locator(".editor-lessons > li").first).to_contain_text("The hitch")
    tab_to(page, "button", "Publish")
    page.keyboard.press("Enter")
    expect(page.get_by_text("is published").first).to_be_visible()
    course = Course.objects.get()
    assert course.is_published
    assert list(course.lessons.order_by("order").values_list("title", flat=True)) == ["The hitch", "The bowline"]


def test_typed_text_survives_a_lost_network(page: Page, live_site: str, alice: User, course: Course) -> None:
    lesson = course.lessons.order_by("order")[0]
    address = f"/teach/courses/{course.slug}/lessons/{lesson.pk}/"
    log_in(page, live_site, alice, address)
    text = page.get_by_label("Text")
    state = page.locator("[data-draft-state]")

    text.fill("Typed with a network.")
    expect(state).to_contain_text("Draft saved at")
    assert LessonDraft.objects.get().fields["content"] == "Typed with a network."

    page.context.set_offline(True)
    text.fill("Typed without a network.")
    expect(state).to_contain_text("No connection")
    page.get_by_role("button", name="Save lesson").click()
    expect(state).to_contain_text("You are offline")
    expect(text).to_have_value("Typed without a network.")

    # The tab is closed while offline; the lesson is opened in another tab later.
    context = page.context
    context.route(f"{live_site}{address}draft/", lambda route: route.abort())  # requests of the closing tab
    page.close()
    context.set_offline(False)
    later = context.new_page()
    later.goto(f"{live_site}{address}")
    expect(later.get_by_label("Text")).to_have_value("Typed without a network.")
    expect(later.locator("[data-draft-notice]")).to_be_visible()
    later.get_by_role("button", name="Save lesson").click()
    later.wait_for_url("**/teach/courses/tea/**")
    assert Lesson.objects.get(pk=lesson.pk).content == "Typed without a network."
    later.goto(f"{live_site}{address}")
    expect(later.locator("[data-draft-notice]")).to_be_hidden()


FAKE_PLAYER = """<!doctype html><title>player</title><script>
const start = Number(new URL(location).searchParams.get("start"));
document.documentElement.dataset.from = start;
addEventListener("message", ({ source, origin, data }) => {
  if (JSON.parse(data).event !== "listening") return;
  source.postMessage(JSON.stringify({ event: "infoDelivery", info: { currentTime: start + 75.4 } }), origin);
});
</script>"""


def test_a_video_resumes_at_the_position_of_another_device(
    page: Page, live_site: str, alice: User, bob: User, course: Course
) -> None:
    """Uses a fake of the YouTube player that sends the same messages."""
    lesson = course.lessons.order_by("order")[0]
    services.update_lesson(actor=alice, lesson=lesson, video_url="https://youtu.be/dQw4w9WgXcQ")
    address = f"/learn/{course.slug}/{lesson.pk}/"
    second = page.context.browser.new_context(viewport={"width": 390, "height": 844})
    problems: list[str] = []
    for context in (page.context, second):
        context.route(
            "https://www.youtube-nocookie.com/**",
            lambda route: route.fulfill(content_type="text/html", body=FAKE_PLAYER),
        )
        context.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    log_in(page, live_site, bob, "/courses/tea/")
    # Start waiting before the page opens: the player may send messages before the page has loaded.
    with page.expect_response(lambda answer: answer.url.endswith("/progress")) as saved:
        page.get_by_role("button", name="Enroll for free").click()
        page.wait_for_url(f"**{address}")
        page.locator("iframe.player").scroll_into_view_if_needed()
    assert saved.value.status == 200
    phone = second.new_page()
    log_in(phone, live_site, bob, address)
    assert "start=75" in (phone.locator("iframe.player").get_attribute("src") or "")
    expect(phone.frame_locator("iframe.player").locator("html")).to_have_attribute("data-from", "75")
    second.close()
    assert problems == []


def test_a_lesson_with_an_embedded_video_logs_no_warning(page: Page, live_site: str, bob: User, course: Course) -> None:
    """Chromium warns about an `allow` attribute beside `allowfullscreen` when it parses the page."""
    run_in_thread(lambda: enrollments.enroll(actor=bob, user=bob, course=course))
    course.lessons.update(video_url="https://www.youtube.com/watch?v=dQw4w9WgXcQ")
    logged: list[str] = []
    page.on("console", lambda message: logged.append(message.text) if message.type == "warning" else None)
    page.route("https://**", lambda route: route.fulfill(body=""))
    log_in(page, live_site, bob, f"/learn/{course.slug}/")
    expect(page.locator("iframe.player")).to_be_visible()
    assert logged == []
