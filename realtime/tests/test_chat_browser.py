"""Two people who chat, one of whom loses the network for ten seconds; and the page where sockets are blocked."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, WebSocketRoute, expect

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from enrollments.rooms import room_of
from lms.testing.browsing import assert_accessible, elsewhere, log_in
from realtime import chat
from realtime.models import Message

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser"), pytest.mark.django_db(transaction=True)]
OFFLINE_SECONDS = 10


def said(user: User, course: Course, text: str) -> None:
    """Let somebody say something while the browser looks on."""
    elsewhere(lambda: chat.post(actor=user, room=room_of(course), text=text))


@pytest.fixture
def contexts(browser: Browser) -> Iterator[Any]:
    """Return a function that logs somebody in, in a browser of their own, and opens the chat of Alice's course."""
    opened: list[BrowserContext] = []

    def of(user: User, site: str, path: str = "/learn/tea/chat/") -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        opened.append(context)
        page = context.new_page()
        log_in(page, site, user, path)
        return page

    yield of
    for context in opened:
        context.close()


def say(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.get_by_role("button", name="Send").click()


def shown(page: Page) -> list[str]:
    return [line.strip() for line in page.locator(".message-line:not(.waiting) [data-text]").all_inner_texts()]


@pytest.mark.quality("W04")
def test_two_people_chat_and_one_loses_the_network_for_ten_seconds(
    contexts: Any, live_site: str, alice: User, bob: User, course: Course, enrolled: Enrollment
) -> None:
    hers, his = contexts(alice, live_site), contexts(bob, live_site)
    say(his, "How hot?")
    expect(hers.get_by_text("How hot?")).to_be_visible()
    say(hers, "Eighty degrees.")
    expect(his.get_by_text("Eighty degrees.")).to_be_visible()

    his.context.set_offline(True)
    say(his, "And how long?")
    expect(his.locator(".message-line.waiting")).to_have_count(1)
    expect(his.get_by_text("No connection.")).to_be_visible()
    say(hers, "Two minutes is enough.")
    say(hers, "@Bob Example: three for oolong.")
    his.wait_for_timeout(OFFLINE_SECONDS * 1000)
    assert "Two minutes is enough." not in shown(his)

    his.context.set_offline(False)
    expect(his.get_by_text("three for oolong")).to_be_visible(timeout=40_000)
    expect(his.locator(".message-line.waiting")).to_have_count(0, timeout=40_000)
    expect(hers.get_by_text("And how long?")).to_be_visible(timeout=40_000)
    said = list(Message.objects.order_by("number").values_list("text", flat=True))
    assert len(said) == 5
    assert shown(his) == shown(hers) == said, "missed, doubled or out of order"


def test_the_chat_works_where_sockets_are_blocked(
    contexts: Any, live_site: str, alice: User, bob: User, course: Course, enrolled: Enrollment
) -> None:
    page = contexts(bob, live_site, "/dashboard/")
    page.route_web_socket("**/ws/**", lambda socket: socket.close())
    page.goto(f"{live_site}/learn/tea/chat/")
    said(alice, course, "Welcome!")
    expect(page.get_by_text("Welcome!")).to_be_visible(timeout=15_000)
    say(page, "Hello!")
    expect(page.locator(".message-line:not(.waiting)").get_by_text("Hello!")).to_be_visible()


@pytest.mark.quality("W04")
def test_a_look_at_what_was_missed_that_fails_is_taken_again(
    contexts: Any, live_site: str, alice: User, bob: User, course: Course, enrolled: Enrollment
) -> None:
    page, failed = contexts(bob, live_site, "/dashboard/"), []

    def late(socket: WebSocketRoute) -> None:
        """Let Alice say something after the page was written, and before its socket is let through."""
        said(alice, course, "Welcome!")
        socket.connect_to_server()

    def fail_once(route: Route) -> None:
        if failed:
            route.fallback()
        else:
            failed.append(route.request.url)
            route.fulfill(status=503, body="")

    page.route_web_socket("**/ws/**", late)
    page.route("**/messages/?page_size=50", fail_once)
    page.goto(f"{live_site}/learn/tea/chat/")
    expect(page.get_by_text("Welcome!")).to_be_visible(timeout=15_000)
    assert len(failed) == 1


def test_who_keeps_order_hides_a_message_and_the_other_sees_it_go(
    contexts: Any, live_site: str, alice: User, bob: User, course: Course, enrolled: Enrollment
) -> None:
    hers, his = contexts(alice, live_site), contexts(bob, live_site)
    say(his, "Something rude.")
    line = hers.locator(".message-line", has_text="Something rude.")
    line.locator("summary").click()
    line.get_by_role("button", name="Hide it").click()
    expect(his.get_by_text("The instructor has hidden this message.")).to_be_visible()
    expect(his.get_by_text("Something rude.")).to_have_count(0)
    expect(hers.get_by_text("Something rude.")).to_be_visible()


def test_a_mention_is_a_toast_and_a_number_on_the_bell_elsewhere(
    contexts: Any, live_site: str, alice: User, bob: User, course: Course, enrolled: Enrollment
) -> None:
    page = contexts(bob, live_site, "/dashboard/")
    said(alice, course, "@Bob Example: welcome!")
    toast = page.locator("[data-toasts] .toast")
    expect(toast).to_have_text("Alice Example mentioned you in “Tea”. Read it Dismiss", timeout=15_000)
    expect(page.locator("[data-unread]")).to_have_text("1")
    toast.get_by_role("link", name="Read it").click()
    page.wait_for_url("**/learn/tea/chat/")


@pytest.mark.parametrize("path", ["/learn/tea/chat/", "/learn/tea/announcements/", "/notifications/choices/"])
@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing(
    contexts: Any, live_site: str, alice: User, bob: User, course: Course, enrolled: Enrollment, path: str, width: int
) -> None:
    for text in ("How hot?", "@Alice Example: eighty degrees? " * 8):
        said(bob, course, text)
    page = contexts(bob, live_site, path)
    page.set_viewport_size({"width": width, "height": 800})
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "it scrolls sideways"
