"""Tests for log lines: JSON with the request id, without secrets and email addresses (quality row X10)."""

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tokens import start_session
from core.http import request_id
from core.http.logs import JsonFormatter, LineFormatter
from core.models import DeferredTask
from core.tasks import send_deferred_tasks
from courses.models import Course
from tools.testing.plugin import PASSWORD

SECRETS = [
    "Bearer eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyX2lkIjoiMSJ9.c2lnbmF0dXJl",
    "whsec_0123456789abcdef0123456789abcdef",
    "sk_test_0123456789abcdef0123456789",
    "GET /account/reset/?token=MTIzNDU2Nzg5MA:1x:abc HTTP/1.1",
    '{"password": "correct horse", "email": "x"}',
    "card 4242 4242 4242 4242 declined",
    "postgres://campus:hunter2-hunter2@10.0.0.1/campus",
]


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """Yield a stream of everything that is logged during the test, in the format of production."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.addFilter(request_id.Filter())
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield written
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.quality("X10")
@pytest.mark.parametrize("formatter", [LineFormatter("{message}", style="{"), JsonFormatter()])
@pytest.mark.parametrize("text", SECRETS)
def test_secrets_are_masked_in_messages_and_tracebacks(formatter: logging.Formatter, text: str) -> None:
    secret = re.compile(r"c2lnbmF0dXJl|0123456789abcdef|MTIzNDU2|correct horse|4242|hunter2")
    assert secret.search(text)
    plain = logging.LogRecord("tests", logging.INFO, __file__, 1, "said %s", (text,), None)
    assert not secret.search(formatter.format(plain))
    try:
        raise ValueError(text)
    except ValueError as error:
        failed = logging.LogRecord(
            "tests", logging.ERROR, __file__, 1, "failed", (), (type(error), error, error.__traceback__)
        )
    # The traceback quotes lines of this file, which contain no secret.
    assert not secret.search(formatter.format(failed))


def test_other_text_is_not_masked() -> None:
    text = "took 1234567 us for /courses/1f0e7a9c-5d0b-4f6e-9a1c-0123456789ab/ at 2026-11-27 20:15:00.123456"
    record = logging.LogRecord("tests", logging.INFO, __file__, 1, text, (), None)
    assert json.loads(JsonFormatter().format(record))["message"] == text


def test_a_json_log_line_contains_the_request_id(lines: io.StringIO, client: Any, db: None) -> None:
    answer = client.get("/api/v1/nope")
    (line,) = [json.loads(text) for text in lines.getvalue().splitlines()]
    assert line.keys() == {"time", "level", "logger", "request_id", "message"}
    assert (line["level"], line["request_id"]) == ("WARNING", answer["X-Request-ID"])


@pytest.mark.quality("X10")
def test_authentication_requests_log_no_secrets_or_email_addresses(
    lines: io.StringIO, bob: User, course: Course, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    client = APIClient(raise_request_exception=False)
    secrets = [PASSWORD, "a-wrong-password", "brand new password", "4242424242424242", "whsec_", "sk_test_"]
    with django_capture_on_commit_callbacks(execute=True):
        pair = client.post("/api/v1/auth/token", {"email": bob.email, "password": PASSWORD}).json()
        client.post("/api/v1/auth/token", {"email": bob.email, "password": "a-wrong-password"})
        pair = client.post("/api/v1/auth/refresh", {"refresh_token": pair["refresh_token"]}).json()
        signed_in = APIClient(headers={"Authorization": f"Bearer {pair['access_token']}"})
        signed_in.raise_request_exception = False
        ticket = signed_in.post("/api/v1/auth/ws-ticket").json()["ticket"]
        setup = signed_in.post("/api/v1/auth/mfa/enable", {"method": "totp"}).json()
        signed_in.get(f"/api/v1/nope?token={pair['access_token']}&ticket={ticket}")
        signed_in.post("/api/v1/payments/webhook", {"card": "4242424242424242"}, headers={"stripe-signature": "t=1"})
        client.post("/api/v1/auth/password/reset", {"email": bob.email})
    token = re.search(r"token=([\w:.-]+)", mail.outbox[-1].body)[1]
    page = Client(raise_request_exception=False)
    page.get(f"/account/reset/?token={token}x")
    page.post("/account/login/", {"username": bob.email, "password": "a-wrong-password"})
    page.get(f"/nowhere/?token={token}")
    client.post("/api/v1/auth/password/reset/confirm", {"token": token, "new_password": "brand new password"})
    client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {start_session(user=bob).refresh_token}"})
    DeferredTask.objects.create(name="tests.none", last_error="redis://:hidden@10.0.0.1")
    send_deferred_tasks()
    secrets += [pair["access_token"], pair["refresh_token"], ticket, setup["secret"], setup["challenge_token"], token]
    written = lines.getvalue()
    assert "Not Found" in written  # proves that the handler is active
    assert {secret for secret in secrets if secret in written} == set()
    assert bob.email not in written


@pytest.mark.quality("X10")
def test_the_traceback_of_a_failed_view_contains_no_secret(
    lines: io.StringIO, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(**kwargs: Any) -> None:
        raise RuntimeError(f"cannot send password={kwargs['password']}")

    monkeypatch.setattr("accounts.login.passwords.check_credentials", breaks)
    client = APIClient(raise_request_exception=False)
    assert client.post("/api/v1/auth/token", {"email": bob.email, "password": PASSWORD}).status_code == 500
    written = lines.getvalue()
    assert "RuntimeError" in written
    assert PASSWORD not in written
