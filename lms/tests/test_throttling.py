"""Tests that rate limits are exact under concurrency and cannot be bypassed by headers (quality rows X09 and X13)."""

import threading
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.test import Client, RequestFactory
from rest_framework.request import Request
from rest_framework.test import APIClient
from rest_framework.throttling import AnonRateThrottle

from accounts import limits
from accounts.models import AttemptCounter
from core.http import request_id
from core.http.request_id import client_address, warn_of_another_proxy
from core.http.throttles import Anonymous, Verify
from core.models import AuditEntry
from tools.testing.races import count_outcomes, run_concurrently

ROOT = django_settings.BASE_DIR
HUNDRED, MOST = 100, 10


def passed(throttle: type[AnonRateThrottle], monkeypatch: pytest.MonkeyPatch) -> int:
    """Return how many of 100 concurrent requests pass a limit of 10."""
    monkeypatch.setattr(throttle, "rate", f"{MOST}/min", raising=False)

    def ask(number: int) -> bool:
        forged = {"HTTP_X_FORWARDED_FOR": f"198.51.100.{number}"}
        return throttle().allow_request(Request(RequestFactory().get("/", **forged)), None)

    return run_concurrently(HUNDRED, ask).count(True)


@pytest.mark.quality("X13")
@pytest.mark.quality("X09")
def test_exactly_ten_of_a_hundred_concurrent_requests_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: 1_800_000_001.0)  # all in the same minute
    assert passed(Anonymous, monkeypatch) == MOST


@pytest.mark.quality("X13")
def test_control_the_throttle_of_drf_lets_more_requests_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """DRF reads a list and writes it back; here, all threads read before the first one writes."""
    barrier = threading.Barrier(HUNDRED)

    class Slow:
        """Cache whose reads wait until all threads have read."""

        def get(self, key: str, default: Any = None) -> Any:
            found = cache.get(key, default)
            barrier.wait(timeout=30)
            return found

        set = staticmethod(cache.set)

    monkeypatch.setattr(AnonRateThrottle, "cache", Slow())
    monkeypatch.setattr(AnonRateThrottle, "get_ident", lambda self, request: "one")
    assert passed(AnonRateThrottle, monkeypatch) == HUNDRED


@pytest.mark.quality("X13")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_exactly_ten_of_a_hundred_concurrent_codes_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    assert limits.SECOND_STEP.most == MOST
    outcomes = count_outcomes(
        run_concurrently(HUNDRED, lambda _number: limits.spend(limits.SECOND_STEP, account="bob@example.com"))
    )
    assert outcomes == {"NoneType": MOST, "account_locked": HUNDRED - MOST}
    assert AttemptCounter.objects.get().count == MOST


@pytest.mark.quality("X13")
def test_a_throttled_page_has_a_retry_after_header(db: None, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Verify, "rate", "2/min", raising=False)
    monkeypatch.setattr("time.time", lambda: 1_800_000_001.0)  # time is frozen
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
def test_only_addresses_added_by_trusted_proxies_are_used(
    proxies: int, forwarded: str, seen: str | None, settings: Any
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert client_address(RequestFactory().get("/", HTTP_X_FORWARDED_FOR=forwarded)) == seen


@pytest.mark.quality("V11")
def test_one_trusted_proxy_too_few_is_logged_once(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[str] = []
    monkeypatch.setattr(request_id.logger, "warning", lambda text, *values: logged.append(text % values))
    warn_of_another_proxy.cache_clear()
    settings.TRUSTED_PROXIES = 1
    for number in range(3):
        client_address(RequestFactory().get("/", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}, 10.0.0.1"))
    assert len(logged) == 1
    assert "raise TRUSTED_PROXIES, now 1" in logged[0]


@pytest.mark.quality("V11")
def test_the_proxy_appends_to_the_addresses_it_receives() -> None:
    assert "X-Forwarded-For $proxy_add_x_forwarded_for;" in (ROOT / "deploy" / "nginx.conf").read_text()


@pytest.mark.quality("X09")
def test_the_audit_log_stores_the_address_of_the_client(db: None, settings: Any) -> None:
    body = {"email": "new@example.com", "password": "a long walk home", "full_name": "New"}
    client = APIClient(headers={"x-forwarded-for": "198.51.100.9"}, REMOTE_ADDR="192.0.2.7")
    assert client.post("/api/v1/users/", body).status_code == 201
    assert {line.ip_address for line in AuditEntry.objects.all()} == {"192.0.2.7"}
