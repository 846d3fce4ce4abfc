"""The cookie transport: two HttpOnly cookies, and a CSRF token for unsafe methods."""

import asyncio
from typing import Any

import pytest
from django.http import SimpleCookie
from rest_framework.test import APIClient

from accounts.models import LoginSession, SocketTicket, User
from accounts.tokens import start_session
from tools.testing.plugin import PASSWORD
from tools.testing.sockets import Socket

AUTH = "/api/v1/auth/"
ME = "/api/v1/users/me"


class Browser:
    """A client that sends cookies, and optionally the CSRF token."""

    def __init__(self) -> None:
        self.client = APIClient(enforce_csrf_checks=True)
        self.csrf = self.client.get(f"{AUTH}csrf").json()["csrf_token"]

    def post(self, path: str, body: Any = None, csrf: bool = True) -> Any:
        headers = {"x-csrftoken": self.csrf} if csrf else {}
        return self.client.post(AUTH + path, body, headers=headers)

    def sign_in(self, user: User, **kwargs: Any) -> Any:
        return self.post("login-cookie", {"email": user.email, "password": PASSWORD}, **kwargs)

    def cookies(self) -> SimpleCookie:
        return self.client.cookies


def test_tokens_are_sent_as_cookies_only(bob: User) -> None:
    browser = Browser()
    answer = browser.sign_in(bob)
    assert answer.status_code == 200
    assert answer.json().keys() == {"expires_in", "user"}
    assert browser.client.get(ME).json()["email"] == bob.email
    assert LoginSession.objects.get().kind == "cookie"


@pytest.mark.quality("A09")
def test_cookies_are_hidden_from_scripts_and_other_sites(bob: User, settings: Any) -> None:
    settings.SESSION_COOKIE_SECURE = True
    browser = Browser()
    browser.sign_in(bob)
    access, refresh = browser.cookies()["access"], browser.cookies()["refresh"]
    assert all((access["httponly"], refresh["httponly"], access["secure"], refresh["secure"]))
    assert (access["samesite"], refresh["samesite"]) == ("Lax", "Lax")
    assert (access["path"], refresh["path"]) == ("/", "/api/v1/auth/")


@pytest.mark.quality("A09")
def test_requests_without_the_csrf_token_change_no_data(bob: User) -> None:
    browser = Browser()
    refused = browser.sign_in(bob, csrf=False)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (403, "csrf_failed")
    assert LoginSession.objects.count() == 0
    browser.sign_in(bob)
    before = dict(LoginSession.objects.values("ended_at", "last_used_at").get())
    assert browser.client.patch(ME, {"full_name": "Mallory"}).status_code == 403
    assert browser.post("refresh-cookie", csrf=False).status_code == 403
    assert browser.post("logout-cookie", csrf=False).status_code == 403
    assert browser.client.post("/account/logout/").status_code == 403
    bob.refresh_from_db()
    assert bob.full_name == "Bob Example"
    assert dict(LoginSession.objects.values("ended_at", "last_used_at").get()) == before


@pytest.mark.quality("A09")
def test_a_form_of_another_site_is_not_accepted_as_json(bob: User) -> None:
    browser = Browser()
    browser.sign_in(bob)
    body = '{"full_name": "Mallory"}'
    answer = browser.client.generic("PATCH", ME, body, content_type="text/plain", HTTP_X_CSRFTOKEN=browser.csrf)
    assert answer.status_code == 415
    wrong = browser.client.patch(ME, {"full_name": "Mallory"}, headers={"x-csrftoken": Browser().csrf})
    assert wrong.status_code == 403


@pytest.mark.quality("A09")
def test_cookies_work_with_a_csrf_token_and_bearer_needs_none(bob: User) -> None:
    browser = Browser()
    browser.sign_in(bob)
    changed = browser.client.patch(ME, {"full_name": "Bob B."}, headers={"x-csrftoken": browser.csrf})
    assert changed.status_code == 200
    bearer = APIClient(enforce_csrf_checks=True)
    bearer.credentials(HTTP_AUTHORIZATION=f"Bearer {start_session(user=bob).access_token}")
    assert bearer.patch(ME, {"full_name": "Bob C."}).status_code == 200


def test_refreshing_replaces_both_cookies_and_revokes_the_old(bob: User) -> None:
    browser = Browser()
    browser.sign_in(bob)
    old = browser.cookies()["refresh"].value
    assert browser.post("refresh-cookie").json().keys() == {"expires_in"}
    assert browser.cookies()["refresh"].value != old
    assert APIClient().post(f"{AUTH}refresh", {"refresh_token": old}).status_code == 401
    assert Browser().post("refresh-cookie").status_code == 401


@pytest.mark.quality("A02")
def test_logging_out_ends_the_login_and_clears_the_cookies(bob: User) -> None:
    browser = Browser()
    browser.sign_in(bob)
    access = browser.cookies()["access"].value
    assert browser.post("logout-cookie").status_code == 204
    assert browser.cookies()["access"].value == browser.cookies()["refresh"].value == ""
    client = APIClient()
    client.cookies["access"] = access
    assert client.get(ME).status_code == 401
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    assert client.get(ME).status_code == 401


def test_an_expired_cookie_does_not_block_public_pages(db: None) -> None:
    client = APIClient()
    client.cookies["access"] = "nonsense"
    assert client.get("/api/v1/courses/").status_code == 200
    assert client.get(ME).status_code == 401


@pytest.mark.parametrize(("on", "off"), [("bearer", "login-cookie"), ("cookie", "token")])
def test_a_disabled_transport_returns_404(bob: User, settings: Any, on: str, off: str) -> None:
    settings.API_AUTH_TRANSPORTS = [on]
    body = {"email": bob.email, "password": PASSWORD}
    assert Browser().post(off, body).status_code == 404
    assert Browser().post("token" if on == "bearer" else "login-cookie", body).status_code == 200


async def opens(path: str, headers: list[tuple[bytes, bytes]] | None = None) -> bool:
    device = Socket(path, headers)
    let_in = await device.handshake() == "websocket.accept" and await device.is_silent()
    await device.disconnect()
    return let_in


def ticket_of(user: User) -> str:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {start_session(user=user).access_token}")
    return client.post(f"{AUTH}ws-ticket").json()["ticket"]


@pytest.mark.quality("W03")
@pytest.mark.django_db(transaction=True)
def test_a_ticket_opens_one_socket_while_its_login_is_live(bob: User) -> None:
    ticket, other = ticket_of(bob), ticket_of(bob)
    assert asyncio.run(opens(f"/ws/notifications?ticket={ticket}"))
    assert not asyncio.run(opens(f"/ws/notifications?ticket={ticket}"))
    assert not asyncio.run(opens("/ws/notifications?ticket=nonsense"))
    LoginSession.objects.filter(user=bob).end()
    assert not asyncio.run(opens(f"/ws/notifications?ticket={other}"))
    assert SocketTicket.objects.open().count() == 0


@pytest.mark.quality("W06")
@pytest.mark.django_db(transaction=True)
def test_the_cookie_opens_a_socket_from_this_site_only(bob: User) -> None:
    cookie = f"access={start_session(user=bob).access_token}".encode()
    headers = [(b"host", b"127.0.0.1:8000"), (b"cookie", cookie)]
    assert asyncio.run(opens("/ws/notifications", [*headers, (b"origin", b"http://127.0.0.1:8000")]))
    assert not asyncio.run(opens("/ws/notifications", [*headers, (b"origin", b"https://evil.test")]))
    assert not asyncio.run(opens("/ws/notifications", headers))
