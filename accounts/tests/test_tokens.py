"""Tokens: issue, rotation, replay and forgery."""

import base64
import json
from datetime import timedelta

import jwt
import pytest
import time_machine
from django.conf import settings
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import tokens
from accounts.models import LoginSession, User
from core.models import AuditEntry
from tools.testing.plugin import PASSWORD
from tools.testing.races import MAX_ROUNDS, count_outcomes, run_concurrently

ME = "/api/v1/users/me"


def sign_in(user: User) -> dict[str, str]:
    return APIClient().post("/api/v1/auth/token", {"email": user.email, "password": PASSWORD}).json()


def refresh(refresh_token: str) -> int:
    return APIClient().post("/api/v1/auth/refresh", {"refresh_token": refresh_token}).status_code


def with_token(access_token: str) -> int:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access_token}")
    return client.get(ME).status_code


def test_a_login_returns_both_tokens_and_their_lifetime(bob: User) -> None:
    answer = sign_in(bob)
    assert answer.keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert answer["expires_in"] == 900
    assert with_token(answer["access_token"]) == 200


@pytest.mark.parametrize("credentials", [("bob@example.com", "wrong"), ("nobody@example.com", PASSWORD)])
def test_a_wrong_password_and_an_unknown_address_respond_alike(bob: User, credentials: tuple[str, str]) -> None:
    email, password = credentials
    answer = APIClient().post("/api/v1/auth/token", {"email": email, "password": password})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer.json() == {
        "type": "client_error",
        "errors": [
            {"code": "invalid_credentials", "detail": "Incorrect email address or password.", "attr": None},
        ],
    }


def test_an_inactive_user_gets_the_same_error(bob: User) -> None:
    User.objects.filter(pk=bob.pk).update(is_active=False)
    answer = APIClient().post("/api/v1/auth/token", {"email": bob.email, "password": PASSWORD})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, "invalid_credentials")


@pytest.mark.quality("A01")
def test_a_refresh_token_works_once(bob: User) -> None:
    first = sign_in(bob)["refresh_token"]
    assert refresh(first) == 200
    assert refresh(first) == 401


@pytest.mark.quality("A01")
def test_a_replay_within_ten_seconds_keeps_the_login(bob: User) -> None:
    first = sign_in(bob)["refresh_token"]
    second = tokens.rotate(refresh_token=first)
    assert refresh(first) == 401
    assert refresh(second.refresh_token) == 200


@pytest.mark.quality("A01")
def test_a_later_replay_ends_every_token_of_the_login_and_is_audited(bob: User) -> None:
    first = sign_in(bob)["refresh_token"]
    second = tokens.rotate(refresh_token=first)
    with time_machine.travel(timezone.now() + timedelta(seconds=11), tick=False):
        replay = APIClient().post("/api/v1/auth/refresh", {"refresh_token": first})
        assert replay.json()["errors"][0]["code"] == "token_reused"
        assert refresh(second.refresh_token) == 401
        assert with_token(second.access_token) == 401
    assert AuditEntry.objects.filter(action="accounts.refresh_token_reused", actor=bob).count() == 1


@pytest.mark.quality("A01")
def test_another_login_of_the_same_user_survives_the_replay(bob: User) -> None:
    stolen, other = sign_in(bob)["refresh_token"], sign_in(bob)["refresh_token"]
    tokens.rotate(refresh_token=stolen)
    with time_machine.travel(timezone.now() + timedelta(seconds=11), tick=False):
        assert refresh(stolen) == 401
        assert refresh(other) == 200


@pytest.mark.postgres
@pytest.mark.quality("A01")
@pytest.mark.django_db(transaction=True)
def test_of_twenty_concurrent_refreshes_one_succeeds(bob: User) -> None:
    for _round in range(3):
        token = tokens.start_session(user=bob).refresh_token
        assert count_outcomes(run_concurrently(20, lambda _n, token=token: tokens.rotate(refresh_token=token))) == {
            "TokenPair": 1,
            "token_not_valid": 19,
        }


@pytest.mark.postgres
@pytest.mark.quality("A01")
@pytest.mark.django_db(transaction=True)
def test_control_without_the_blacklist_check_several_succeed(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ignore the result of `blacklist()`, as the library does; more than one request must succeed."""
    original = tokens.SessionToken.blacklist
    monkeypatch.setattr(tokens.SessionToken, "blacklist", lambda self: (original(self)[0], True))

    def breaks() -> bool:
        token = tokens.start_session(user=bob).refresh_token
        return count_outcomes(run_concurrently(20, lambda _n: tokens.rotate(refresh_token=token)))["TokenPair"] > 1

    assert any(breaks() for _round in range(MAX_ROUNDS))


def test_logging_out_ends_both_tokens_at_once(bob: User) -> None:
    pair = sign_in(bob)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair['access_token']}")
    assert client.post("/api/v1/auth/logout", {"refresh_token": pair["refresh_token"]}).status_code == 204
    assert client.get(ME).status_code == 401
    assert refresh(pair["refresh_token"]) == 401


def test_users_cannot_end_the_login_of_another_user(bob: User, carol: User) -> None:
    hers = sign_in(carol)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {sign_in(bob)['access_token']}")
    assert client.post("/api/v1/auth/logout", {"refresh_token": hers["refresh_token"]}).status_code == 401
    assert with_token(hers["access_token"]) == 200


def test_a_login_expires_after_thirty_days_despite_refreshes(bob: User) -> None:
    token = sign_in(bob)["refresh_token"]
    started = timezone.now()
    for day in (6, 12, 18, 24, 29):
        with time_machine.travel(started + timedelta(days=day), tick=False):
            token = tokens.rotate(refresh_token=token).refresh_token
    with time_machine.travel(started + timedelta(days=30, seconds=1), tick=False):
        assert refresh(token) == 401


def test_a_user_lists_and_ends_their_own_logins(bob: User, carol: User) -> None:
    here, there = sign_in(bob), sign_in(bob)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {here['access_token']}")
    rows = client.get("/api/v1/auth/sessions").json()["results"]
    assert sorted(row["current"] for row in rows) == [False, True]
    other = next(row for row in rows if not row["current"])
    assert client.delete(f"/api/v1/auth/sessions/{other['id']}").status_code == 204
    assert with_token(there["access_token"]) == 401
    tokens.start_session(user=carol)
    hers = LoginSession.objects.get(user=carol)
    assert client.delete(f"/api/v1/auth/sessions/{hers.pk}").status_code == 404


def crafted(payload: dict[str, object], **options: object) -> str:
    key = options.pop("key", settings.SIMPLE_JWT["SIGNING_KEY"])
    return jwt.encode(payload, key, algorithm=options.pop("algorithm", "HS256"), **options)


def without_signature(token: str) -> str:
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=").decode()
    return f"{header}.{token.split('.')[1]}."


def with_other_user(token: str, user: User) -> str:
    head, body, signature = token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["user_id"] = str(user.pk)
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"{head}.{forged}.{signature}"


def forgeries(pair: dict[str, str], victim: User) -> dict[str, str]:
    """Return twelve tokens that must be refused."""
    good = jwt.decode(pair["access_token"], options={"verify_signature": False})
    return {
        "alg none": without_signature(pair["access_token"]),
        "edited payload": with_other_user(pair["access_token"], victim),
        "other key": crafted(good, key="k" * 64),
        "other algorithm": crafted(good, algorithm="HS512"),
        "expired": crafted({**good, "exp": 1}),
        "no expiry": crafted({name: value for name, value in good.items() if name != "exp"}),
        "refresh as access": pair["refresh_token"],
        "wrong audience": crafted({**good, "aud": "somebody else"}),
        "wrong issuer": crafted({**good, "iss": "https://evil.test"}),
        "kid and jku": crafted(good, key="k" * 64, headers={"kid": "../../dev/null", "jku": "https://evil.test/k"}),
        "no session": crafted({name: value for name, value in good.items() if name != "sid"}),
        "no token at all": "eyJub3RoaW5n",
    }


@pytest.mark.quality("A10")
def test_forged_and_misused_tokens_are_refused(bob: User, carol: User) -> None:
    pair = sign_in(bob)
    answers = {name: with_token(token) for name, token in forgeries(pair, carol).items()}
    assert set(answers.values()) == {401}, answers


@pytest.mark.quality("A10")
def test_an_access_token_is_no_refresh_token(bob: User) -> None:
    assert refresh(sign_in(bob)["access_token"]) == 401


@pytest.mark.quality("A10")
def test_the_signing_key_is_long_and_not_the_secret_key() -> None:
    assert len(settings.SIMPLE_JWT["SIGNING_KEY"]) >= 32
    assert settings.SIMPLE_JWT["SIGNING_KEY"] != settings.SECRET_KEY


def test_a_leaked_refresh_token_table_grants_no_access(bob: User) -> None:
    sign_in(bob)
    assert set(bob.outstandingtoken_set.values_list("token", flat=True)) == {""}
