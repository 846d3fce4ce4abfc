"""Every address that accepts a POST, and which of them log in with a password alone."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import AttemptCounter, LoginSession, User
from accounts.tests.test_email_links import link
from accounts.tests.test_second_factor import code_of, first_step, second_step, secret, turn_on  # noqa: F401  # a fixture
from accounts.tests.test_tokens import forgeries, sign_in
from accounts.tokens import start_session
from courses.models import Course
from enrollments.models import Enrollment
from tools.testing.plugin import PASSWORD
from tools.testing.sockets import Socket
from tools.testing.urls import fill_placeholders, list_routes, placeholder_values

ELSEWHERE = (
    "//evil.test",
    "///evil.test",
    "/\\evil.test",
    "https://evil.test/account/",
    "https:evil.test",
    "http:///evil.test",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "\x01javascript:alert(1)",
    "/\t/evil.test",
    "data:text/html,<script>alert(1)</script>",
    " //evil.test",
)
CREDENTIAL_KEYS = {"access_token", "refresh_token", "ticket", "recovery_codes"}


def addresses_that_log_in(user: User, addresses: list[str], **more: str) -> set[str]:
    """Return the addresses that answer a user's address and password with a token, cookie or session.

    The credentials are posted by an anonymous client, under every field name that a login may use.
    """
    body = {"email": user.email, "username": user.email, "password": PASSWORD, "new_password": PASSWORD, **more}
    opened = set()
    for address in addresses:
        AttemptCounter.objects.all().delete()
        logins = LoginSession.objects.count()
        client = APIClient() if address.startswith("/api/") else Client()
        answer = client.post(address, body)
        keys = set(answer.json()) if "json" in answer.get("Content-Type", "") and answer.content else set()
        cookies = [name for name in ("access", "refresh") if name in client.cookies and client.cookies[name].value]
        if keys & CREDENTIAL_KEYS or cookies or is_signed_in(client) or LoginSession.objects.count() != logins:
            opened.add(address)
    return opened


def is_signed_in(client: Client) -> bool:
    """Return whether the client's session belongs to a user."""
    key = client.cookies["sessionid"].value if "sessionid" in client.cookies else ""
    return any(SESSION_KEY in session.get_decoded() for session in Session.objects.filter(session_key=key))


@pytest.fixture
def addresses(course: Course, enrollment: Enrollment) -> list[str]:
    """Return every address of the site, the admin included."""
    ours = [fill_placeholders(route, placeholder_values(course, enrollment)) for route in list_routes()]
    return [*ours, "/admin/", "/admin/login/"]


@pytest.mark.quality("A06")
def test_no_address_logs_in_with_the_password_alone(addresses: list[str], bob: User, carol: User) -> None:
    turn_on(bob)
    LoginSession.objects.all().delete()
    assert len(addresses) > 150
    assert addresses_that_log_in(bob, addresses) == set()
    # A user without a second factor proves that the walk detects a login.
    assert addresses_that_log_in(carol, addresses) == {
        "/api/v1/auth/token",
        "/api/v1/auth/login-cookie",
        "/account/login/",
    }


@pytest.mark.quality("A06")
def test_reset_links_and_challenges_grant_no_login(addresses: list[str], bob: User) -> None:
    turn_on(bob)
    LoginSession.objects.all().delete()
    challenge = first_step(bob)["challenge_token"]
    APIClient().post("/api/v1/auth/password/reset", {"email": bob.email})
    held = {"token": link(), "challenge_token": challenge, "refresh_token": challenge, "code": "000000"}
    assert addresses_that_log_in(bob, addresses, **held) == set()
    refused = APIClient().post("/api/v1/auth/refresh", {"refresh_token": challenge})
    assert refused.status_code == 401


@pytest.mark.quality("A04")
@pytest.mark.quality("A10")
@pytest.mark.django_db(transaction=True)
def test_forged_tokens_and_challenges_open_no_socket(bob: User, carol: User) -> None:
    pair = sign_in(bob)
    turn_on(carol)
    tokens = {**forgeries(pair, carol), "challenge": first_step(carol)["challenge_token"]}
    assert len(tokens) == 13

    async def codes() -> dict[str, int | None]:
        return {name: await close_code(f"/ws/notifications?token={token}") for name, token in tokens.items()}

    assert set(asyncio.run(codes()).values()) == {4401}
    assert asyncio.run(close_code(f"/ws/notifications?token={pair['access_token']}")) is None


async def close_code(address: str) -> int | None:
    """Connect; return the code that the socket was closed with, or None if it stays open."""
    device = Socket(address)
    await device.connect()
    if await device.is_silent():
        await device.disconnect()
        return None
    return (await device.message()).get("code")


@pytest.mark.quality("A11")
@pytest.mark.parametrize("address", ELSEWHERE)
def test_login_and_logout_never_redirect_to_another_site(address: str, bob: User, dan: User, client: Client) -> None:
    logged_in = client.post("/account/login/", {"username": bob.email, "password": PASSWORD, "next": address})
    assert logged_in["Location"] == "/dashboard/"
    assert client.get("/account/login/", {"next": address})["Location"] == "/dashboard/"
    assert client.post("/account/logout/", {"next": address})["Location"] == "/"
    page = client.get("/account/login/", {"next": address}).content.decode()
    assert 'href="javascript' not in page.lower()


@pytest.mark.quality("A11")
@pytest.mark.parametrize("address", ELSEWHERE)
def test_the_second_step_never_redirects_to_another_site(address: str, dan: User, client: Client) -> None:
    key, _codes = turn_on(dan)
    client.force_login(dan)  # with the password alone, as before the second factor was on
    assert client.get("/admin/login/", {"next": address})["Location"] == "/account/login/code/"
    done = client.post("/account/login/code/", {"code": code_of(key)})
    assert done["Location"] == "/dashboard/"


@pytest.mark.quality("A12")
def test_a_login_starts_a_new_session(bob: User, client: Client) -> None:
    client.get("/account/login/")
    session = client.session
    session["planted"] = True
    session.save()
    client.cookies["sessionid"] = session.session_key
    client.post("/account/login/", {"username": bob.email, "password": PASSWORD})
    assert client.cookies["sessionid"].value != session.session_key
    assert not Session.objects.filter(session_key=session.session_key).exists()


@pytest.mark.quality("A12")
def test_a_stolen_session_cannot_change_the_account(
    bob: User, browser_of: Callable[[User], Client], api_of: Callable[[User], APIClient]
) -> None:
    key, _codes = turn_on(bob)
    before = User.objects.filter(pk=bob.pk).values().get()
    browser, api = browser_of(bob), api_of(bob)
    api.put("/api/v1/users/me", {"email": "thief@example.com", "password": "stolen for good", "mfa_enabled": False})
    for path, body in (
        ("password/", {"new_password": "stolen for good"}),
        ("email/", {"email": "thief@example.com"}),
        ("second-factor/off/", {"code": code_of(key)}),
        ("second-factor/codes/", {"code": code_of(key)}),
    ):
        assert browser.post(f"/account/security/{path}", body).status_code == 200
        assert browser.post(f"/account/security/{path}", {**body, "password": "a guess"}).status_code == 200
        # A thief who knows the password has no code.
        assert browser.post(f"/account/security/{path}", {**body, "password": PASSWORD, "code": ""}).status_code == 200
    assert api.post("/api/v1/auth/mfa/disable", {"password": "a guess", "code": code_of(key)}).status_code == 403
    changeable = {"last_login", "updated_at"}
    after = User.objects.filter(pk=bob.pk).values().get()
    assert {name for name in before if before[name] != after[name]} <= changeable
    assert mail.outbox == []


@pytest.mark.quality("A05")
def test_a_challenge_works_for_its_own_user_only(bob: User, carol: User, api_of: Callable[[User], APIClient]) -> None:
    begun = api_of(carol).post("/api/v1/auth/mfa/enable", {"method": "totp"}).json()
    body = {"challenge_token": begun["challenge_token"], "code": code_of(begun["secret"]), "password": PASSWORD}
    assert api_of(bob).post("/api/v1/auth/mfa/enable", body).status_code == 401
    key, _codes = turn_on(bob)
    turn_on(carol)
    assert second_step(first_step(carol), code_of(key)).status_code == 401
    assert LoginSession.objects.filter(user=carol, ended_at=None).count() <= 1


ENDINGS = ["logging out", "another password", "a reset", "deactivation", "another role", "closing the account"]


@pytest.mark.quality("A02")
@pytest.mark.parametrize("ending", ENDINGS)
def test_ended_logins_stop_working_on_every_transport(
    ending: str, bob: User, dan: User, enrollment: Enrollment, browser_of: Callable[[User], Client], api_of: Any
) -> None:
    pair, browser = start_session(user=bob), browser_of(bob)
    cookies = APIClient()
    cookies.cookies["access"] = pair.access_token
    bearer = APIClient()
    bearer.credentials(HTTP_AUTHORIZATION=f"Bearer {pair.access_token}")
    assert bearer.get("/api/v1/users/me").status_code == cookies.get("/api/v1/users/me").status_code == 200
    assert browser.get("/dashboard/").status_code == 200
    admin = browser_of(User.objects.filter(pk=dan.pk).first())
    if ending == "logging out":
        bearer.post("/api/v1/auth/logout", {"refresh_token": pair.refresh_token})
        browser.post("/account/logout/")
    elif ending == "another password":
        browser_of(bob).post("/account/security/password/", {"password": PASSWORD, "new_password": "a new long one"})
    elif ending == "a reset":
        APIClient().post("/api/v1/auth/password/reset", {"email": bob.email})
        reset = {"token": link(), "new_password": "a new long one"}
        APIClient().post("/api/v1/auth/password/reset/confirm", reset)
    elif ending == "closing the account":
        assert api_of(dan).delete(f"/api/v1/users/{bob.pk}").status_code == 204
    else:
        User.objects.filter(pk=dan.pk).update(is_superuser=True)
        form = {"email": bob.email, "full_name": "Bob", "time_zone": "", "language": "", "role": "instructor"}
        form |= {"is_active": "on"} if ending == "another role" else {"role": "student"}
        assert admin.post(f"/admin/accounts/user/{bob.pk}/change/", form).status_code == 302
    assert bearer.get("/api/v1/users/me").status_code == 401
    assert cookies.get("/api/v1/users/me").status_code == 401
    assert APIClient().post("/api/v1/auth/refresh", {"refresh_token": pair.refresh_token}).status_code == 401
    assert browser.get("/dashboard/").status_code == 302
    assert (
        not LoginSession.objects.filter(user=bob, ended_at=None, created_at__lt=timezone.now())
        .filter(kind="api")
        .exists()
    )
