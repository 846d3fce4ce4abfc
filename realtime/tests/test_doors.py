"""Who gets in, from where, and until when."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from asgiref.sync import sync_to_async
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts import services as accounts
from accounts.models import LoginSession, User
from accounts.services import change_access
from accounts.tokens import end_session, start_session
from lms.testing.plugin import PASSWORD
from realtime.models import Event
from realtime.services import push
from realtime.tests.conftest import OFTEN_SECONDS, SOONER_SECONDS
from realtime.tests.knocking import close_code, cookie_headers, run, session_headers, session_of, socket, token_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("any_layer")]
WITHIN_SECONDS = 5


@pytest.mark.quality("W06")
@pytest.mark.parametrize("origin", ["https://evil.test", "http://127.0.0.1:8000.evil.test", "null"])
def test_a_page_of_another_site_is_refused_before_the_handshake(bob: User, origin: str) -> None:
    headers = session_headers(bob, origin)

    async def knock() -> str:
        device = socket(headers=headers)
        answered = await device.handshake()
        await device.disconnect()
        return answered

    assert run(knock()) == "websocket.close"


@pytest.mark.quality("W06")
@pytest.mark.parametrize(("origin", "expected"), [("http://127.0.0.1:8000", None), (None, 4401)])
def test_a_session_opens_only_from_a_page_of_this_site(bob: User, origin: str | None, expected: int | None) -> None:
    assert run(close_code(socket(headers=session_headers(bob, origin)))) == expected


@pytest.mark.quality("W06")
def test_a_token_of_its_own_opens_from_anywhere(bob: User) -> None:
    headers = [(b"host", b"127.0.0.1:8000"), (b"origin", b"https://app.example")]
    assert run(close_code(socket(f"?token={token_of(bob)}", headers))) is None


def closes_after(query: str, headers: Any, act: Callable[[], Any]) -> tuple[int, float]:
    """Open a socket, do something, and return with which code the socket closes after how many seconds."""

    async def watch() -> tuple[int, float]:
        device = socket(query, headers)
        await device.connect()
        await sync_to_async(act)()
        began = time.monotonic()
        code = await device.close_code()
        took = time.monotonic() - began
        await device.disconnect()
        return code, took

    return run(watch())


def test_of_two_logins_only_the_one_that_ends_loses_its_socket(bob: User, looked_at_often: None) -> None:
    here, there = start_session(user=bob), start_session(user=bob)

    async def watch() -> tuple[int, bool]:
        first, second = socket(f"?token={here.access_token}"), socket(f"?token={there.access_token}")
        await first.connect()
        await second.connect()
        await sync_to_async(end_session)(refresh_token=here.refresh_token, actor=bob)
        answer = await first.close_code(), await second.is_silent(OFTEN_SECONDS + 1)
        await first.disconnect()
        await second.disconnect()
        return answer

    assert run(watch()) == (4401, True)


@pytest.mark.quality("W05")
def test_logging_out_closes_the_sockets_of_that_login_at_once(bob: User) -> None:
    pair = start_session(user=bob)
    code, seconds = closes_after(
        f"?token={pair.access_token}", None, lambda: end_session(refresh_token=pair.refresh_token, actor=bob)
    )
    assert code == 4401
    assert seconds < 1, "the hint did not come"


@pytest.mark.quality("W05")
def test_logging_out_in_the_browser_closes_its_sockets_at_once(bob: User) -> None:
    browser = Client()
    browser.force_login(bob)
    headers = cookie_headers(f"sessionid={browser.session.session_key}")
    code, seconds = closes_after("", headers, lambda: browser.post("/account/logout/"))
    assert code == 4401
    assert seconds < 1, "the hint did not come"


@pytest.mark.quality("W05")
@pytest.mark.parametrize("door", ["token", "session", "cookie"])
def test_another_password_closes_every_socket(bob: User, door: str, looked_at_often: None) -> None:
    query, headers = doors_of(bob)[door]
    code, seconds = closes_after(
        query, headers, lambda: accounts.change_password(user=bob, password=PASSWORD, new_password="a long walk home")
    )
    assert code == 4401
    assert seconds < WITHIN_SECONDS - SOONER_SECONDS


@pytest.mark.quality("W05")
@pytest.mark.parametrize("door", ["token", "session", "cookie", "ticket"])
def test_a_deactivated_user_loses_every_socket(
    bob: User, dan: User, door: str, api_of: Any, looked_at_often: None
) -> None:
    ticket = api_of(bob).post("/api/v1/auth/ws-ticket").json()["ticket"]
    query, headers = {**doors_of(bob), "ticket": (f"?ticket={ticket}", None)}[door]
    code, seconds = closes_after(query, headers, lambda: change_access(actor=dan, user=bob, is_active=False))
    assert code == 4401
    assert seconds < WITHIN_SECONDS - SOONER_SECONDS


def doors_of(user: User) -> dict[str, Any]:
    """Return the query and the headers of each way in."""
    return {
        "token": (f"?token={token_of(user)}", None),
        "session": ("", session_headers(user)),
        "cookie": ("", cookie_headers(f"access={token_of(user)}")),
    }


@pytest.mark.quality("W05")
def test_a_token_that_runs_out_closes_its_socket(bob: User, looked_at_often: None) -> None:
    with time_machine.travel(timezone.now() - timedelta(minutes=14, seconds=58), tick=True):
        token = token_of(bob)
    code, seconds = closes_after(f"?token={token}", None, lambda: None)
    assert code == 4401
    assert seconds < 2 + WITHIN_SECONDS - SOONER_SECONDS


@pytest.mark.quality("W05")
def test_a_session_that_runs_out_closes_its_socket(bob: User) -> None:
    session = session_of(bob)
    headers = cookie_headers(f"sessionid={session.session_key}")

    def run_out() -> None:
        Session.objects.filter(session_key=session.session_key).update(expire_date=timezone.now())

    code, seconds = closes_after("", headers, run_out)
    assert code == 4401
    assert seconds < WITHIN_SECONDS


@pytest.mark.quality("W05")
@pytest.mark.parametrize("what", ["login", "account"])
def test_what_no_hint_tells_is_seen_in_the_table(bob: User, what: str) -> None:
    """Control of the hints: an ending that nobody tells of closes the socket all the same."""
    token = token_of(bob)

    def end_silently() -> None:
        if what == "login":
            LoginSession.objects.filter(user=bob).update(ended_at=timezone.now())
        else:
            User.objects.filter(pk=bob.pk).update(is_active=False)

    code, seconds = closes_after(f"?token={token}", None, end_silently)
    assert code == 4401
    assert 0.5 < seconds < WITHIN_SECONDS


@pytest.mark.quality("W03")
def test_a_ticket_ends_with_the_browser_that_asked_for_it(bob: User) -> None:
    browser = Client(enforce_csrf_checks=False)
    browser.force_login(bob)
    ticket = browser.post("/api/v1/auth/ws-ticket").json()["ticket"]
    code, seconds = closes_after(f"?ticket={ticket}", None, lambda: browser.post("/account/logout/"))
    assert code == 4401
    assert seconds < 1, "the hint did not come"


@pytest.mark.quality("W03")
def test_a_ticket_is_good_for_a_minute(bob: User, api_of: Any) -> None:
    ticket = api_of(bob).post("/api/v1/auth/ws-ticket").json()["ticket"]
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert run(close_code(socket(f"?ticket={ticket}"))) == 4401


@pytest.mark.quality("W02")
def test_a_hundred_pushes_to_one_are_heard_by_nobody_else(bob: User, carol: User) -> None:
    his, hers = token_of(bob), token_of(carol)

    def talk() -> None:
        for number in range(100):
            push([bob.pk], Event.COURSE_UPDATED, {"text": f"for Bob {number}"})

    async def watch() -> tuple[list[int], bool]:
        first, second = socket(f"?token={his}"), socket(f"?token={hers}")
        await first.connect()
        await second.connect()
        await sync_to_async(talk)()
        numbers = [(await first.json())["id"] for _ in range(100)]
        silent = await second.is_silent()
        await first.disconnect()
        await second.disconnect()
        return numbers, silent

    assert run(watch()) == (list(range(1, 101)), True)
