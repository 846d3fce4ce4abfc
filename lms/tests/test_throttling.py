"""Rates are exact when requests arrive together, and nobody evades them by a header (QUALITY X09, X13)."""

import threading
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory
from rest_framework.request import Request
from rest_framework.test import APIClient
from rest_framework.throttling import AnonRateThrottle

from accounts import limits
from accounts.models import AttemptCounter
from lms.lib.request_id import client_address
from lms.lib.throttling import Anonymous, Verify
from lms.platform.models import AuditEntry
from lms.testing.racing import at_once, kinds

HUNDRED, MOST = 100, 10


def passed(throttle: type[AnonRateThrottle], monkeypatch: pytest.MonkeyPatch) -> int:
    """How many of a hundred that arrive together find room for ten."""
    monkeypatch.setattr(throttle, "rate", f"{MOST}/min", raising=False)

    def ask(number: int) -> bool:
        forged = {"HTTP_X_FORWARDED_FOR": f"198.51.100.{number}"}
        return throttle().allow_request(Request(RequestFactory().get("/", **forged)), None)

    return at_once(HUNDRED, ask).count(True)


@pytest.mark.quality("X13")
@pytest.mark.quality("X09")
def test_of_a_hundred_at_once_exactly_ten_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_800_000_001.0)  # all in one minute
    assert passed(Anonymous, monkeypatch) == MOST


@pytest.mark.quality("X13")
def test_control_the_library_s_own_count_lets_more_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """DRF reads a list and writes it back; here everybody has read before anybody writes."""
    everybody = threading.Barrier(HUNDRED)

    class Slow:
        """The cache, for people who all arrive at once."""

        def get(self, key: str, default: Any = None) -> Any:
            found = cache.get(key, default)
            everybody.wait(timeout=30)
            return found

        set = staticmethod(cache.set)

    monkeypatch.setattr(AnonRateThrottle, "cache", Slow())
    monkeypatch.setattr(AnonRateThrottle, "get_ident", lambda self, request: "one")
    assert passed(AnonRateThrottle, monkeypatch) == HUNDRED


@pytest.mark.quality("X13")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_a_hundred_codes_at_once_ten_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.SECOND_STEP.most == MOST
    told = kinds(at_once(HUNDRED, lambda _number: limits.spend(limits.SECOND_STEP, account="bob@example.com")))
    assert told == {"NoneType": MOST, "account_locked": HUNDRED - MOST}
    assert AttemptCounter.objects.get().count == MOST


@pytest.mark.quality("X13")
def test_the_page_says_when_to_come_back(db: None, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Verify, "rate", "2/min", raising=False)
    monkeypatch.setattr("time.time", lambda: 1_800_000_001.0)  # a minute that does not pass
    answers = [client.get("/certificates/verify/AAAAA-AAAAA-AAAAA-AAAAA/") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [404, 404, 429]
    assert 0 < int(answers[-1]["Retry-After"]) <= 61


@pytest.mark.quality("X09")
@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (0, "198.51.100.1", "127.0.0.1"),
        (1, "198.51.100.1", "198.51.100.1"),
        (1, "10.9.9.9, 198.51.100.1", "198.51.100.1"),
        (2, "10.9.9.9, 198.51.100.1, 10.0.0.1", "198.51.100.1"),
        (2, "198.51.100.1", "198.51.100.1"),
        (1, "2001:DB8::1", "2001:db8::1"),
        (1, "::ffff:198.51.100.1", "198.51.100.1"),
        (1, "'; DROP TABLE users", None),
        (1, "unknown", None),
    ],
)
def test_only_what_a_trusted_proxy_wrote_is_believed(
    proxies: int, forwarded: str, seen: str | None, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert client_address(RequestFactory().get("/", HTTP_X_FORWARDED_FOR=forwarded)) == seen


@pytest.mark.quality("X09")
def test_the_audit_log_keeps_the_address_that_the_request_came_from(db: None, settings: Any) -> None:
    body = {"email": "new@example.com", "password": "a long walk home", "full_name": "New"}
    client = APIClient(headers={"x-forwarded-for": "198.51.100.9"}, REMOTE_ADDR="192.0.2.7")
    assert client.post("/api/v1/users/", body).status_code == 201
    assert {line.ip_address for line in AuditEntry.objects.all()} == {"192.0.2.7"}
