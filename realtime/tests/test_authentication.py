"""Authentication of sockets: credentials, origins, and the end of logins."""

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
from realtime.models import Event
from realtime.services import push
from realtime.tests.conftest import FREQUENT_SECONDS, SAVED_SECONDS
from realtime.tests.connections import close_code, cookie_headers, run, session_headers, session_of, socket, token_of
from tools.testing.plugin import PASSWORD

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("any_layer")]
WITHIN_SECONDS = 5


@pytest.mark.quality("W06")
@pytest.mark.parametrize("origin", ["https://evil.test", "http://127.0.0.1:8000.evil.test", "null"])
def test_pages_of_other_sites_are_rejected_at_the_handshake(bob: User, origin: str) -> None:
    headers = session_headers(bob, origin)

    async def connect() -> str:
        device = socket(headers=headers)
        response = await device.handshake()
        await device.disconnect()
        return response

    assert run(connect()) == "websocket.close"


@pytest.mark.quality("W06")
@pytest.mark.parametrize(("origin", "expected"), [("http://127.0.0.1:8000", None), (None, 4401)])
def test_a_session_opens_sockets_of_this_site_only(bob: User, origin: str | None, expected: int | None) -> None:
    assert run(close_code(socket(headers=session_headers(bob, origin)))) == expected


@pytest.mark.quality("W06")
def test_a_token_opens_sockets_from_any_origin(bob: User) -> None:
    headers = [(b"host", b"127.0.0.1:8000"), (b"origin", b"https://app.example")]
    assert run(close_code(socket(f"?token={token_of(bob)}", headers))) is None


def closes_after(query: str, headers: Any, act: Callable[[], Any]) -> tuple[int, float]:
    """Open a socket, call `act`, and return the code that the socket is closed with and the seconds until then."""

    async def watch() -> tuple[int, float]:
        device = socket(query, headers)
        await device.connect()
        await sync_to_async(act)()
        started = time.monotonic()
        code = await device.close_code()
        seconds = time.monotonic() - started
        await device.disconnect()
        return code, seconds

    return run(watch())


def test_only_the_socket_of_the_ended_login_is_closed(bob: User, frequent_polling: None) -> None:
    first_login, second_login = start_session(user=bob), start_session(user=bob)

    async def watch() -> tuple[int, bool]:
        first, second = socket(f"?token={first_login.access_token}"), socket(f"?token={second_login.access_token}")
        await first.connect()
        await second.connect()
        await sync_to_async(end_session)(refresh_token=first_login.refresh_token, actor=bob)
        result = await first.close_code(), await second.is_silent(FREQUENT_SECONDS + 1)
        await first.disconnect()
        await second.disconnect()
        return result

    assert run(watch()) == (4401, True)


@pytest.mark.quality("W05")
def test_logout_closes_the_sockets_of_the_login_at_once(bob: User) -> None:
    pair = start_session(user=bob)
    code, seconds = closes_after(
        f"?token={pair.access_token}", None, lambda: end_session(refresh_token=pair.refresh_token, actor=bob)
    )
    assert code == 4401
    assert seconds < 1, "the broadcast event did not arrive"


@pytest.mark.quality("W05")
def test_logout_in_the_browser_closes_its_sockets_at_once(bob: User) -> None:
    browser = Client()
    browser.force_login(bob)
    headers = cookie_headers(f"sessionid={browser.session.session_key}")
    code, seconds = closes_after("", headers, lambda: browser.post("/account/logout/"))
    assert code == 4401
    assert seconds < 1, "the broadcast event did not arrive"


@pytest.mark.quality("W05")
@pytest.mark.parametrize("credential", ["token", "session", "cookie"])
def test_a_password_change_closes_every_socket(bob: User, credential: str, frequent_polling: None) -> None:
    query, headers = credentials_of(bob)[credential]
    code, seconds = closes_after(
        query, headers, lambda: accounts.change_password(user=bob, password=PASSWORD, new_password="a long walk home")
    )
    assert code == 4401
    assert seconds < WITHIN_SECONDS - SAVED_SECONDS


@pytest.mark.quality("W05")
@pytest.mark.parametrize("credential", ["token", "session", "cookie", "ticket"])
def test_deactivating_a_user_closes_every_socket(
    bob: User, dan: User, credential: str, api_of: Any, frequent_polling: None
) -> None:
    ticket = api_of(bob).post("/api/v1/auth/ws-ticket").json()["ticket"]
    query, headers = {**credentials_of(bob), "ticket": (f"?ticket={ticket}", None)}[credential]
    code, seconds = closes_after(query, headers, lambda: change_access(actor=dan, user=bob, is_active=False))
    assert code == 4401
    assert seconds < WITHIN_SECONDS - SAVED_SECONDS


def credentials_of(user: User) -> dict[str, Any]:
    """Return the query and the headers of each type of credential."""
    return {
        "token": (f"?token={token_of(user)}", None),
        "session": ("", session_headers(user)),
        "cookie": ("", cookie_headers(f"access={token_of(user)}")),
    }


@pytest.mark.quality("W05")
def test_an_expired_token_closes_its_socket(bob: User, frequent_polling: None) -> None:
    with time_machine.travel(timezone.now() - timedelta(minutes=14, seconds=58), tick=True):
        token = token_of(bob)
    code, seconds = closes_after(f"?token={token}", None, lambda: None)
    assert code == 4401
    assert seconds < 2 + WITHIN_SECONDS - SAVED_SECONDS


@pytest.mark.quality("W05")
def test_an_expired_session_closes_its_socket(bob: User) -> None:
    session = session_of(bob)
    headers = cookie_headers(f"sessionid={session.session_key}")

    def expire() -> None:
        Session.objects.filter(session_key=session.session_key).update(expire_date=timezone.now())

    code, seconds = closes_after("", headers, expire)
    assert code == 4401
    assert seconds < WITHIN_SECONDS


@pytest.mark.quality("W05")
@pytest.mark.parametrize("ended", ["login", "account"])
def test_control_polling_closes_sockets_without_a_broadcast(bob: User, ended: str) -> None:
    token = token_of(bob)

    def end_silently() -> None:
        if ended == "login":
            LoginSession.objects.filter(user=bob).update(ended_at=timezone.now())
        else:
            User.objects.filter(pk=bob.pk).update(is_active=False)

    code, seconds = closes_after(f"?token={token}", None, end_silently)
    assert code == 4401
    assert 0.5 < seconds < WITHIN_SECONDS


@pytest.mark.quality("W03")
def test_logout_closes_the_socket_of_a_ticket_of_the_session(bob: User) -> None:
    browser = Client(enforce_csrf_checks=False)
    browser.force_login(bob)
    ticket = browser.post("/api/v1/auth/ws-ticket").json()["ticket"]
    code, seconds = closes_after(f"?ticket={ticket}", None, lambda: browser.post("/account/logout/"))
    assert code == 4401
    assert seconds < 1, "the broadcast event did not arrive"


@pytest.mark.quality("W03")
def test_a_ticket_expires_after_a_minute(bob: User, api_of: Any) -> None:
    ticket = api_of(bob).post("/api/v1/auth/ws-ticket").json()["ticket"]
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert run(close_code(socket(f"?ticket={ticket}"))) == 4401


@pytest.mark.quality("W02")
def test_a_hundred_pushes_to_one_user_reach_no_other_user(bob: User, carol: User) -> None:
    his, hers = token_of(bob), token_of(carol)

    def push_all() -> None:
        for number in range(100):
            push([bob.pk], Event.COURSE_UPDATED, {"text": f"for Bob {number}"})

    async def watch() -> tuple[list[int], bool]:
        first, second = socket(f"?token={his}"), socket(f"?token={hers}")
        await first.connect()
        await second.connect()
        await sync_to_async(push_all)()
        numbers = [(await first.json())["id"] for _ in range(100)]
        silent = await second.is_silent()
        await first.disconnect()
        await second.disconnect()
        return numbers, silent

    assert run(watch()) == (list(range(1, 101)), True)
