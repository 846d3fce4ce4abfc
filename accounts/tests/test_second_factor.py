"""The second factor on every transport."""

import base64
import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from rest_framework.test import APIClient

from accounts import codes, mfa
from accounts.models import Challenge, LoginSession, User
from accounts.models.one_time_tokens import Transport
from accounts.tokens import start_session
from tools.testing.plugin import PASSWORD
from tools.testing.races import count_outcomes, run_concurrently

AUTH = "/api/v1/auth/"


def code_of(secret: str, drift: int = 0) -> str:
    """Return the code that an app with this secret shows now, or `drift` steps later."""
    return f"{totp(base64.b32decode(secret), drift=drift):06}"


def wrong(secret: str) -> str:
    """Return six digits that are not a valid code."""
    right = {code_of(secret, drift) for drift in (-2, -1, 0, 1, 2)}
    return next(code for number in range(9) if (code := f"{number:06}") not in right)


def turn_on(user: User) -> tuple[str, list[str]]:
    """Enable the app as a client does; return its secret and the recovery codes."""
    with time_machine.travel(timezone.now() - timedelta(minutes=2), tick=False):  # so that this minute's code is unused
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {start_session(user=user).access_token}")
        setup = client.post(f"{AUTH}mfa/enable", {"method": "totp"}).json()
        body = {"challenge_token": setup["challenge_token"], "code": code_of(setup["secret"]), "password": PASSWORD}
        answer = client.post(f"{AUTH}mfa/enable", body)
    assert answer.status_code == 200, answer.content
    LoginSession.objects.filter(user=user).delete()
    user.refresh_from_db()
    return setup["secret"], answer.json()["recovery_codes"]


@pytest.fixture
def secret(bob: User) -> str:
    """Return the secret of Bob's enabled app."""
    return turn_on(bob)[0]


def first_step(user: User) -> dict[str, Any]:
    return APIClient().post(f"{AUTH}token", {"email": user.email, "password": PASSWORD}).json()


def second_step(challenge: dict[str, Any], code: str) -> Any:
    return APIClient().post(f"{AUTH}login/mfa", {"challenge_token": challenge["challenge_token"], "code": code})


def error_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["errors"][0]["code"]


def test_a_password_returns_a_challenge_and_a_code_the_tokens(bob: User, secret: str) -> None:
    challenge = first_step(bob)
    assert challenge.keys() == {"mfa_required", "challenge_token", "methods", "expires_in_seconds"}
    assert (challenge["methods"], challenge["expires_in_seconds"]) == (["totp", "recovery"], 300)
    answer = second_step(challenge, code_of(secret))
    assert answer.status_code == 200
    assert answer.json().keys() == {"access_token", "refresh_token", "token_type", "expires_in"}


@pytest.mark.quality("A05")
def test_a_code_works_once(bob: User, secret: str) -> None:
    code = code_of(secret)
    assert second_step(first_step(bob), code).status_code == 200
    assert error_of(second_step(first_step(bob), code)) == (401, "invalid_code")


@pytest.mark.quality("A05")
def test_five_wrong_codes_end_the_challenge(bob: User, secret: str) -> None:
    challenge = first_step(bob)
    for _ in range(5):
        assert error_of(second_step(challenge, wrong(secret))) == (401, "invalid_code")
    assert error_of(second_step(challenge, code_of(secret))) == (401, "challenge_expired")


@pytest.mark.quality("A05")
def test_ten_wrong_codes_lock_the_account_across_challenges(bob: User, secret: str) -> None:
    for _ in range(2):
        challenge = first_step(bob)
        for _ in range(5):
            second_step(challenge, wrong(secret))
    answer = second_step(first_step(bob), code_of(secret))
    assert error_of(answer) == (429, "account_locked")
    assert int(answer["Retry-After"]) > 0


@pytest.mark.quality("A05")
def test_a_challenge_lasts_five_minutes_and_works_once(bob: User, secret: str) -> None:
    challenge = first_step(bob)
    with time_machine.travel(timezone.now() + timedelta(seconds=301), tick=False):
        assert error_of(second_step(challenge, code_of(secret))) == (401, "challenge_expired")
    challenge = first_step(bob)
    assert second_step(challenge, code_of(secret)).status_code == 200
    assert error_of(second_step(challenge, code_of(secret, 1))) == (401, "challenge_expired")


@pytest.mark.quality("A05")
@pytest.mark.django_db(transaction=True)
def test_of_fifty_concurrent_codes_five_are_verified(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    turn_on(bob)
    challenge = mfa.create_login_challenge(user=bob, transport=Transport.BEARER)
    verified: list[str] = []
    monkeypatch.setattr(mfa, "_device_for_code", lambda challenge, code: verified.append(code))
    outcomes = run_concurrently(50, lambda number: mfa.verify_code(challenge=challenge, code=f"{number:06}"))
    assert len(verified) == 5
    assert count_outcomes(outcomes)["invalid_code"] == 5


@pytest.mark.quality("A05")
@pytest.mark.django_db(transaction=True)
def test_of_five_concurrent_uses_of_a_code_one_succeeds(bob: User) -> None:
    secret = turn_on(bob)[0]
    challenges = [first_step(bob) for _ in range(5)]
    code = code_of(secret)
    outcomes = run_concurrently(5, lambda number: second_step(challenges[number], code))
    assert count_outcomes(outcomes) == {"200": 1, "401": 4}


@pytest.mark.quality("A04")
def test_no_answer_and_no_log_holds_a_code(bob: User, caplog: pytest.LogCaptureFixture) -> None:
    bob.mfa_enabled = True
    bob.save()
    answer = first_step(bob)
    code = codes.derive_mailed_code(Challenge.objects.get())
    assert code in mail.outbox[-1].body
    assert code not in json.dumps(answer)
    assert code not in caplog.text


def test_mfa_expose_code_adds_the_emailed_code_to_the_challenge(
    bob: User, api_of: Callable[[User], APIClient], settings: Any
) -> None:
    settings.MFA_EXPOSE_CODE = True
    setup = api_of(bob).post(f"{AUTH}mfa/enable", {"method": "email"}).json()
    body = {"challenge_token": setup["challenge_token"], "code": setup["code"], "password": PASSWORD}
    assert api_of(bob).post(f"{AUTH}mfa/enable", body).json()["mfa_enabled"] is True
    challenge = first_step(bob)
    assert second_step(challenge, challenge["code"]).status_code == 200
    settings.MFA_EXPOSE_CODE = False
    assert "code" not in first_step(bob)


def test_mfa_expose_code_adds_nothing_for_an_authenticator_app(bob: User, secret: str, settings: Any) -> None:
    settings.MFA_EXPOSE_CODE = True
    assert "code" not in first_step(bob)


@pytest.mark.quality("A04")
def test_a_challenge_is_no_token(bob: User, secret: str) -> None:
    challenge = first_step(bob)["challenge_token"]
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {challenge}")
    assert client.get("/api/v1/users/me").status_code == 401
    assert APIClient().post(f"{AUTH}refresh", {"refresh_token": challenge}).status_code == 401
    cookie = APIClient()
    cookie.cookies["access"] = challenge
    assert cookie.get("/api/v1/users/me").status_code == 401


@pytest.mark.quality("A06")
def test_the_password_alone_logs_in_on_no_transport(bob: User, dan: User, secret: str, client: Client) -> None:
    turn_on(dan)
    for path in ("token", "login-cookie"):
        answer = APIClient().post(f"{AUTH}{path}", {"email": bob.email, "password": PASSWORD})
        assert answer.json()["mfa_required"] is True
        assert not {"access", "refresh", "sessionid"} & answer.cookies.keys()
    for page in ("/account/login/", "/admin/login/"):
        client.post(page, {"username": dan.email, "password": PASSWORD})
        assert "_auth_user_id" not in client.session
        assert client.get("/admin/").status_code == 302
    assert LoginSession.objects.count() == 0


@pytest.mark.quality("A06")
def test_a_new_password_keeps_the_second_factor(bob: User, secret: str) -> None:
    APIClient().post(f"{AUTH}password/reset", {"email": bob.email})
    token = re.search(r"\?token=(\S+)", mail.outbox[-1].body).group(1)
    answer = APIClient().post(f"{AUTH}password/reset/confirm", {"token": token, "new_password": "an entirely new one"})
    assert (answer.status_code, answer.content, answer.cookies) == (204, b"", {})
    body = {"email": bob.email, "password": "an entirely new one"}
    assert APIClient().post(f"{AUTH}token", body).json()["mfa_required"] is True


def test_the_cookie_transport_sets_cookies_and_checks_csrf(bob: User, secret: str) -> None:
    client = APIClient(enforce_csrf_checks=True)
    csrf = {"x-csrftoken": client.get(f"{AUTH}csrf").json()["csrf_token"]}
    body = {"email": bob.email, "password": PASSWORD}
    challenge = client.post(f"{AUTH}login-cookie", body, headers=csrf).json()
    body = {"challenge_token": challenge["challenge_token"], "code": code_of(secret)}
    assert client.post(f"{AUTH}login/mfa", body).status_code == 403
    answer = client.post(f"{AUTH}login/mfa", body, headers=csrf)
    assert answer.json().keys() == {"expires_in", "user"}
    assert {"access", "refresh"} <= answer.cookies.keys()


def test_a_recovery_code_works_once_and_is_stored_as_a_hash(bob: User) -> None:
    _secret, recovery = turn_on(bob)
    assert len(set(recovery)) == 10
    stored = set(StaticToken.objects.values_list("token", flat=True))
    assert not stored & {code.replace("-", "") for code in recovery}
    assert second_step(first_step(bob), recovery[0].upper().replace("-", " ")).status_code == 200
    assert error_of(second_step(first_step(bob), recovery[0])) == (401, "invalid_code")
    assert StaticToken.objects.count() == 9


ARABIC_DIGITS = {48 + digit: 0x660 + digit for digit in range(10)}
WIDE_DIGITS = {48 + digit: 0xFF10 + digit for digit in range(10)}
TYPED = {
    "space": lambda code: f"{code[:3]} {code[3:]}",
    "dash": lambda code: f"{code[:3]}-{code[3:]}",
    "no-break space": lambda code: f" {code[:3]}\u00a0{code[3:]}",
    "thin space": lambda code: f"{code[:3]}\u2009{code[3:]}\u3000",
    "en dash": lambda code: f"{code[:3]}\u2013{code[3:]}",
    "non-breaking hyphen": lambda code: f"{code[:3]}\u2011{code[3:]}",
    "minus": lambda code: f"{code[:3]}\u2212{code[3:]}",
    "bidi marks": lambda code: f"\u200e\u202a{code}\u202c",
    "zero-width space": lambda code: f"{code[:3]}\u200b{code[3:]}",
    "Arabic digits": lambda code: code.translate(ARABIC_DIGITS),
    "wide digits": lambda code: code.translate(WIDE_DIGITS),
}


@pytest.mark.parametrize("type_code", TYPED.values(), ids=TYPED)
def test_a_code_is_accepted_in_any_spelling(
    type_code: Callable[[str], str], bob: User, secret: str, client: Client
) -> None:
    assert second_step(first_step(bob), type_code(code_of(secret, -1))).status_code == 200
    client.post("/account/login/", {"username": bob.email, "password": PASSWORD})
    page = client.post("/account/login/code/", {"code": type_code(code_of(secret))})
    assert page.status_code == 302


@pytest.mark.parametrize("type_code", TYPED.values(), ids=TYPED)
def test_a_recovery_code_is_accepted_in_any_spelling(type_code: Callable[[str], str], bob: User) -> None:
    _secret, recovery = turn_on(bob)
    assert second_step(first_step(bob), type_code(recovery[0])).status_code == 200


def test_emailed_codes(bob: User, api_of: Callable[[User], APIClient]) -> None:
    client = api_of(bob)
    with_mail = client.post(f"{AUTH}mfa/enable", {"method": "email"})
    assert with_mail.json().keys() == {"challenge_token", "method", "expires_in_seconds"}

    def mailed() -> str:
        return next(
            found.group() for message in reversed(mail.outbox) if (found := re.search(r"\b\d{6}\b", message.body))
        )

    # The email is queued on commit, which a test's transaction never reaches.
    code = codes.derive_mailed_code(Challenge.objects.get())
    body = {"challenge_token": with_mail.json()["challenge_token"], "code": code, "password": PASSWORD}
    assert client.post(f"{AUTH}mfa/enable", body).json()["mfa_enabled"] is True
    challenge = first_step(bob)
    assert challenge["methods"] == ["email", "recovery"]
    assert second_step(challenge, f"{mailed()[:3]}\u00a0{mailed()[3:]}").status_code == 200


@pytest.mark.quality("A12")
def test_disabling_requires_password_and_code(bob: User, secret: str, api_of: Callable[[User], APIClient]) -> None:
    client = api_of(bob)

    def off(password: str, code: str) -> Any:
        return client.post(f"{AUTH}mfa/disable", {"password": password, "code": code})

    assert error_of(off("wrong", code_of(secret))) == (403, "wrong_password")
    assert error_of(off(PASSWORD, wrong(secret))) == (401, "invalid_code")
    assert off(PASSWORD, code_of(secret)).status_code == 204
    bob.refresh_from_db()
    assert not bob.mfa_enabled
    assert "access_token" in first_step(bob)


@pytest.mark.quality("A12")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("security/password/", {"new_password": "an entirely new one"}),
        ("security/email/", {"email": "bob@new.example"}),
        ("close/", {}),
    ],
)
def test_account_changes_require_a_code(
    path: str, body: dict[str, str], bob: User, secret: str, browser_of: Callable[[User], Client]
) -> None:
    browser = browser_of(bob)
    given = {**body, "password": PASSWORD}
    assert browser.post(f"/account/{path}", given).status_code == 200
    refused = browser.post(f"/account/{path}", {**given, "code": wrong(secret)})
    assert "This code is incorrect" in refused.content.decode()
    assert browser.post(f"/account/{path}", {**given, "code": code_of(secret)}).status_code == 302


def test_a_code_is_emailed_for_a_protected_action(
    bob: User, api_of: Callable[[User], APIClient], browser_of: Callable[[User], Client]
) -> None:
    begun = api_of(bob).post(f"{AUTH}mfa/enable", {"method": "email"}).json()
    code = codes.derive_mailed_code(Challenge.objects.get())
    body = {"challenge_token": begun["challenge_token"], "code": code, "password": PASSWORD}
    assert api_of(bob).post(f"{AUTH}mfa/enable", body).status_code == 200
    browser = browser_of(bob)
    assert 'value="email"' in browser.get("/account/security/email/").content.decode()
    for back, expected in (("email", "security/email/"), ("https://evil.test", "security/second-factor/off/")):
        sent = browser.post("/account/security/second-factor/send/", {"back": back})
        assert sent["Location"] == f"/account/{expected}"
    mailed = re.search(r"\b\d{6}\b", mail.outbox[-1].body).group()
    given = {"email": "bob@new.example", "password": PASSWORD, "code": mailed}
    assert browser.post("/account/security/email/", given).status_code == 302


def test_a_second_method_cannot_replace_the_first(bob: User, secret: str, api_of: Callable[[User], APIClient]) -> None:
    assert error_of(api_of(bob).post(f"{AUTH}mfa/enable", {"method": "totp"})) == (409, "mfa_already_enabled")


@pytest.mark.quality("A12")
def test_the_login_page_requires_the_code_and_rotates_the_session(bob: User, secret: str, client: Client) -> None:
    client.get("/account/login/")
    first = client.post("/account/login/", {"username": bob.email, "password": PASSWORD, "next": "/courses/"})
    assert first["Location"] == "/account/login/code/"
    before = client.session.session_key
    assert "six-digit code" in client.get("/account/login/code/").content.decode()
    refused = client.post("/account/login/code/", {"code": wrong(secret)})
    assert "This code is incorrect" in refused.content.decode()
    done = client.post("/account/login/code/", {"code": code_of(secret)})
    assert done["Location"] == "/courses/"
    assert client.session.session_key != before
    assert client.get("/dashboard/").status_code == 200


def test_the_setup_page_shows_the_recovery_codes_once(bob: User, browser_of: Callable[[User], Client]) -> None:
    browser = browser_of(bob)
    assert browser.post("/account/security/second-factor/begin/", {"method": "totp"}).status_code == 302
    page = browser.get("/account/security/second-factor/").content.decode()
    shown = re.search(r"data-secret>(\w+)<", page).group(1)
    assert "data:image/svg+xml;base64," in page
    given = {"code": code_of(shown), "password": PASSWORD}
    codes_page = browser.post("/account/security/second-factor/", given)
    assert len(re.findall(r"<li><code>[a-z2-7-]{14}</code>", codes_page.content.decode())) == 10
    assert codes_page["Cache-Control"] == "no-store"
    assert browser.get("/account/security/").status_code == 200
    assert browser.get("/account/security/second-factor/").status_code == 302


@pytest.mark.quality("M04")
def test_the_admin_requires_a_verified_second_factor(dan: User, bob: User, settings: Any) -> None:
    settings.MFA_REQUIRED_FOR_STAFF = True
    browser = Client()
    browser.force_login(dan)
    assert browser.get("/admin/", follow=True).redirect_chain[-1][0] == "/account/security/"
    secret, _recovery = turn_on(dan)
    assert browser.get("/dashboard/").status_code == 302  # turning it on ended this login
    browser.force_login(dan)
    stepped = browser.get("/admin/", follow=True)
    assert stepped.redirect_chain[-1][0] == "/account/login/code/"
    done = browser.post("/account/login/code/", {"code": code_of(secret)}, follow=True)
    assert done.redirect_chain[0][0] == "/admin/"
    assert done.status_code == 200
    browser.force_login(bob)
    assert browser.get("/admin/", follow=True).status_code == 403
