"""Lockout after five wrong passwords, also for concurrent attempts and unknown accounts."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import hashers
from django.core.management import call_command
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import limits, passwords
from accounts.models import AttemptCounter, User
from accounts.tests.test_email_links import comparable
from tools.testing.hashers import QuickTestHasher
from tools.testing.plugin import PASSWORD
from tools.testing.races import MAX_ROUNDS, count_outcomes, run_concurrently

TOKEN = "/api/v1/auth/token"


def log_in(email: str, password: str = "wrong", address: str = "10.0.0.1", **headers: str) -> Any:
    body = {"email": email, "password": password}
    return APIClient().post(TOKEN, body, REMOTE_ADDR=address, headers=headers)


@pytest.mark.quality("A07")
@pytest.mark.parametrize("email", ["bob@example.com", "nobody@example.com"])
def test_five_wrong_passwords_lock_the_account_for_that_address(bob: User, email: str) -> None:
    assert [log_in(email).status_code for _ in range(5)] == [401] * 5
    locked = log_in(email, PASSWORD)
    assert locked.status_code == 429
    assert locked.json()["errors"][0]["code"] == "account_locked"
    assert 0 < int(locked["Retry-After"]) <= 900


@pytest.mark.quality("A07")
def test_known_and_unknown_accounts_are_locked_alike(bob: User) -> None:
    answers = []
    with time_machine.travel(timezone.now(), tick=False):
        for email in ("bob@example.com", "nobody@example.com"):
            for _ in range(5):
                log_in(email)
            answers.append(comparable(log_in(email)))
    assert answers[0] == answers[1]
    assert answers[0][0] == 429


@pytest.mark.quality("A07")
def test_the_lock_is_per_address_and_expires(bob: User) -> None:
    for _ in range(5):
        log_in(bob.email)
    assert log_in(bob.email, PASSWORD, address="10.0.0.2").status_code == 200
    assert log_in(bob.email, PASSWORD).status_code == 429
    with time_machine.travel(timezone.now() + timedelta(minutes=15, seconds=1), tick=False):
        assert log_in(bob.email, PASSWORD).status_code == 200


@pytest.mark.quality("A07")
def test_a_correct_password_resets_the_counter(bob: User) -> None:
    for _ in range(4):
        log_in(bob.email)
    assert log_in(bob.email, PASSWORD).status_code == 200
    assert [log_in(bob.email).status_code for _ in range(4)] == [401] * 4


@pytest.mark.quality("X09")
def test_a_forged_forwarding_header_is_ignored(bob: User) -> None:
    answers = [log_in(bob.email, **{"x-forwarded-for": f"198.51.100.{number}"}).status_code for number in range(30)]
    assert answers == [401] * 5 + [429] * 25


@pytest.mark.quality("A07")
def test_all_spellings_of_an_address_share_one_counter(bob: User) -> None:
    spellings = ["bob@example.com", "BOB@example.com", " bob@example.com ", "Bob@Example.com", "bob@EXAMPLE.com"]
    for spelling in spellings:
        log_in(spelling)
    assert log_in(bob.email).status_code == 429


@pytest.mark.quality("A07")
def test_the_login_page_shares_the_lock_with_the_api(bob: User, client: Client) -> None:
    for _ in range(5):
        log_in(bob.email, address="127.0.0.1")
    page = client.post("/account/login/", {"username": bob.email, "password": PASSWORD})
    assert page.status_code == 429
    assert "Too many failed attempts" in page.content.decode()
    assert int(page["Retry-After"]) > 0
    assert "_auth_user_id" not in client.session


def test_a_command_unlocks_an_account(bob: User) -> None:
    for _ in range(5):
        log_in(bob.email)
    call_command("unlock_user", bob.email)
    assert log_in(bob.email, PASSWORD).status_code == 200


def guesses_hashed(monkeypatch: pytest.MonkeyPatch, email: str) -> tuple[int, dict[str, int]]:
    """Guess fifty times at once; return the number of hashed passwords and of each outcome."""
    hashed: list[str] = []
    verify, encode = QuickTestHasher.verify, QuickTestHasher.encode

    def counting_verify(self: Any, password: str, encoded: str) -> bool:
        hashed.append(password)
        return verify(self, password, encoded)

    monkeypatch.setattr(QuickTestHasher, "verify", counting_verify)
    outcomes = run_concurrently(50, lambda number: passwords.check_credentials(email=email, password=f"guess {number}"))
    monkeypatch.setattr(QuickTestHasher, "verify", verify)
    monkeypatch.setattr(QuickTestHasher, "encode", encode)
    return len(hashed), count_outcomes(outcomes)


@pytest.mark.quality("A07")
@pytest.mark.quality("X13")
@pytest.mark.django_db(transaction=True)
def test_of_fifty_concurrent_guesses_five_are_hashed(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    assert hashers.identify_hasher(bob.password).algorithm == "quick_test"
    hashed, outcomes = guesses_hashed(monkeypatch, bob.email)
    assert (hashed, outcomes) == (5, {"invalid_credentials": 5, "account_locked": 45})
    assert AttemptCounter.objects.get().count == 5


@pytest.mark.quality("A07")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_more_are_hashed(bob: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the row lock, concurrent guesses read the same count."""
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, *args, **kwargs: self)

    def breaks() -> bool:
        AttemptCounter.objects.all().delete()
        return guesses_hashed(monkeypatch, bob.email)[0] > 5

    assert any(breaks() for _round in range(MAX_ROUNDS))


@pytest.mark.quality("X13")
def test_registrations_are_limited_if_rate_limits_are_on(settings: Any, db: None) -> None:
    settings.RATE_LIMITS = True

    def register(number: int) -> int:
        body = {"email": f"new{number}@example.com", "password": "a long walk home", "full_name": "New"}
        return APIClient().post("/api/v1/users/", body).status_code

    assert [register(number) for number in range(7)] == [201] * 5 + [429] * 2
    assert User.objects.count() == 5


@pytest.mark.quality("A07")
def test_one_address_gets_ten_wrong_passwords_a_minute(settings: Any, bob: User) -> None:
    settings.RATE_LIMITS = True

    def log_in(email: str, password: str) -> int:
        return APIClient().post("/api/v1/auth/token", {"email": email, "password": password}).status_code

    assert [log_in(bob.email, PASSWORD) for _ in range(12)] == [200] * 12
    assert [log_in(f"nobody{number}@example.com", "a guess") for number in range(11)] == [401] * 10 + [429]
    assert log_in(bob.email, PASSWORD) == 429
    with time_machine.travel(timezone.now() + timedelta(seconds=61), tick=False):
        assert log_in(bob.email, PASSWORD) == 200


def test_refreshing_is_limited_if_rate_limits_are_on(settings: Any, db: None) -> None:
    settings.RATE_LIMITS = True
    answers = [APIClient().post("/api/v1/auth/refresh", {"refresh_token": "x"}) for _ in range(31)]
    assert [answer.status_code for answer in answers] == [401] * 30 + [429]
    assert answers[-1].json()["errors"][0]["code"] == "throttled"


def test_attempts_reset_after_the_period(settings: Any, db: None) -> None:
    settings.RATE_LIMITS = True
    for _ in range(5):
        limits.spend(limits.REGISTRATION, address="10.0.0.1")
    with pytest.raises(limits.LimitError), time_machine.travel(timezone.now() + timedelta(minutes=59), tick=False):
        limits.spend(limits.REGISTRATION, address="10.0.0.1")
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        limits.spend(limits.REGISTRATION, address="10.0.0.1")


@pytest.mark.quality("A03")
def test_known_unknown_and_inactive_accounts_cost_one_hash_each(
    bob: User, carol: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    User.objects.filter(pk=carol.pk).update(is_active=False)
    hashed: list[str] = []
    encode = QuickTestHasher.encode

    def counting(self: Any, password: str, *args: Any, **kwargs: Any) -> str:
        hashed.append(password)
        return encode(self, password, *args, **kwargs)

    monkeypatch.setattr(QuickTestHasher, "encode", counting)
    counts, answers = [], set()
    for email in (bob.email, carol.email, "nobody@example.com"):
        before = len(hashed)
        answer = log_in(email)
        answers.add(comparable(answer))
        counts.append(len(hashed) - before)
    assert counts == [1, 1, 1]
    assert len(answers) == 1


@pytest.mark.quality("A03")
def test_the_login_page_does_not_reveal_accounts(bob: User, carol: User) -> None:
    User.objects.filter(pk=carol.pk).update(is_active=False)
    pages = set()
    for email in (bob.email, carol.email, "nobody@example.com"):
        answer = Client().post("/account/login/", {"username": email, "password": "wrong"})
        text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", answer.content.decode().replace(email, "who"))
        pages.add((answer.status_code, text, *sorted(set(answer.headers) - {"X-Request-ID"})))
    assert len(pages) == 1


@pytest.mark.quality("G9")
def test_a_login_takes_ten_queries_at_most(bob: User, settings: Any) -> None:
    settings.RATE_LIMITS = True
    with CaptureQueriesContext(connection) as captured:
        assert log_in(bob.email, PASSWORD).status_code == 200
    asked = [query["sql"] for query in captured.captured_queries if "SAVEPOINT" not in query["sql"]]
    assert len(asked) <= 10, asked
