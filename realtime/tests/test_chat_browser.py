"""The chat page in browsers: two users, a lost network, blocked sockets, moderation and mentions."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, WebSocketRoute, expect

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from enrollments.rooms import course_room
from realtime import chat
from realtime.models import Message
from tools.testing.browser import assert_accessible, log_in, run_in_thread

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.django_db(transaction=True)]
OFFLINE_SECONDS = 10


def post_message(user: User, course: Course, text: str) -> None:
    """Post a message from outside the browser's thread."""
    run_in_thread(lambda: chat.post(actor=user, room=course_room(course), text=text))


@pytest.fixture
def contexts(browser: Browser) -> Iterator[Any]:
    """Return a function that logs a user in to a new browser context and opens the chat of Alice's course."""
    opened: list[BrowserContext] = []

    def open_page(user: User, site: str, path: str = "/learn/tea/chat/") -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        opened.append(context)
        page = context.new_page()
        log_in(page, site, user, path)
        return page

    yield open_page
    for context in opened:
        context.close()


def send_message(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.get_by_role("button", name="Send").click()


def displayed_texts(page: Page) -> list[str]:
    return [line.strip() for line in page.locator(".message-line:not(.waiting) [data-text]").all_inner_texts()]


@pytest.mark.quality("W04")
def test_messages_arrive_in_order_after_ten_seconds_offline(
    contexts: Any, live_site: str, alice: User, bob: User, course: Course, enrolled: Enrollment
) -> None:
    hers, his = contexts(alice, live_site), contexts(bob, live_site)
    send_message(his, "How hot?")
    expect(hers.get_by_text("How hot?")).to_be_visible()
    send_message(hers, "Eighty degrees.")
    expect(his.get_by_text("Eighty degrees.")).to_be_visible()

    his.context.set_offline(True)
    send_message(his, "And how long?")
    expect(his.locator(".message-line.waiting")).to_have_count(1)
    expect(his.get_by_text("No connection.")).to_be_visible()
    send_message(hers, "Two minutes is enough.")
    send_message(hers, "@Bob Example: three for oolong.")
    his.wait_for_timeout(OFFLINE_SECONDS * 1000)
    assert "Two minutes is enough." not in displayed_texts(his)

    his.context.set_offline(False)
    expect(his.get_by_text("three for oolong")).to_be_visible(timeout=40_000)
    expect(his.locator(".message-line.waiting")).to_have_count(0, timeout=40_000)
    expect(hers.get_by_text("And how long?")).to_be_visible(timeout=40_000)
    stored = list(Message.objects.order_by("number").values_list("text", flat=True))
    assert len(stored) == 5
    assert displayed_texts(his) == displayed_texts(hers) == stored, "missing, duplicated or out of order"


def test_a_message_that_arrives_shows_its_markdown(
    contexts: Any, live_site: str, alice: User, bob: User, course: Course, enrolled: Enrollment
) -> None:
    hers, his = contexts(alice, live_site), contexts(bob, live_site)
    send_message(his, "See https://a.test/tea and **this** <b>text</b>")
    for page in (hers, his):
        expect(page.get_by_role("link", name="https://a.test/tea")).to_be_visible()
        expect(page.locator(".message-text strong", has_text="this")).to_be_visible()
        expect(page.get_by_text("<b>text</b>")).to_be_visible()


def test_the_chat_works_with_blocked_sockets(
    contexts: Any, live_site: str, alice: User, bob: User, course: Course, enrolled: Enrollment
) -> None:
    page = contexts(bob, live_site, "/dashboard/")
    page.route_web_socket("**/ws/**", lambda socket: socket.close())
    page.goto(f"{live_site}/learn/tea/chat/")
    post_message(alice, course, "Welcome!")
    expect(page.get_by_text("Welcome!")).to_be_visible(timeout=15_000)
    send_message(page, "Hello!")
    expect(page.locator(".message-line:not(.waiting)").get_by_text("Hello!")).to_be_visible()


@pytest.mark.quality("W04")
def test_a_failed_request_for_missed_messages_is_retried(
    contexts: Any, live_site: str, alice: User, bob: User, course: Course, enrolled: Enrollment
) -> None:
    page, failed = contexts(bob, live_site, "/dashboard/"), []

    def connect_late(socket: WebSocketRoute) -> None:
        """Post a message after the page was rendered and before its socket is connected."""
        post_message(alice, course, "Welcome!")
        socket.connect_to_server()

    def fail_once(route: Route) -> None:
        if failed:
            route.fallback()
        else:
            failed.append(route.request.url)
            route.fulfill(status=503, body="")

    page.route_web_socket("**/ws/**", connect_late)
    page.route("**/messages/?page_size=50", fail_once)
    page.goto(f"{live_site}/learn/tea/chat/")
    expect(page.get_by_text("Welcome!")).to_be_visible(timeout=15_000)
    assert len(failed) == 1


def test_a_message_that_the_moderator_hides_disappears_for_others(
    contexts: Any, live_site: str, alice: User, bob: User, course: Course, enrolled: Enrollment
) -> None:
    hers, his = contexts(alice, live_site), contexts(bob, live_site)
    send_message(his, "Something rude.")
    line = hers.locator(".message-line", has_text="Something rude.")
    line.locator("summary").click()
    line.get_by_role("button", name="Hide", exact=True).click()
    expect(his.get_by_text("This message was hidden by the instructor.")).to_be_visible()
    expect(his.get_by_text("Something rude.")).to_have_count(0)
    expect(hers.get_by_text("Something rude.")).to_be_visible()


def test_a_mention_shows_a_toast_and_the_unread_count_on_other_pages(
    contexts: Any, live_site: str, alice: User, bob: User, course: Course, enrolled: Enrollment
) -> None:
    page = contexts(bob, live_site, "/dashboard/")
    post_message(alice, course, "@Bob Example: welcome!")
    toast = page.locator("[data-toasts] .toast")
    expect(toast).to_have_text("Alice Example mentioned you in “Tea”. View Dismiss", timeout=15_000)
    expect(page.locator("[data-unread]")).to_have_text("1")
    toast.get_by_role("link", name="View").click()
    page.wait_for_url("**/learn/tea/chat/")


@pytest.mark.parametrize("path", ["/learn/tea/chat/", "/learn/tea/announcements/", "/notifications/choices/"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_no_violations(
    contexts: Any, live_site: str, alice: User, bob: User, course: Course, enrolled: Enrollment, path: str, width: int
) -> None:
    for text in ("How hot?", "@Alice Example: eighty degrees? " * 8):
        post_message(bob, course, text)
    page = contexts(bob, live_site, path)
    page.set_viewport_size({"width": width, "height": 800})
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "the page scrolls horizontally"
