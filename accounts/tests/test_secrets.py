"""Responses, logs and error pages contain no password, token, secret or code beyond the one they are for."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.test.client import RequestFactory
from django.views.debug import ExceptionReporter
from rest_framework.test import APIClient

from accounts import passwords
from accounts.models import User
from accounts.tests.test_email_links import link
from accounts.tests.test_second_factor import code_of
from core.http.errors.reports import ReportFilter

AUTH = "/api/v1/auth/"
FIRST, SECOND = "a long walk home", "another walk, much longer"


class Everything:
    """A client that records every response: body, headers and cookies, by path."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, str]] = []
        self.api = APIClient()
        self.page = Client()

    def post(self, path: str, body: dict[str, Any], client: Any = None) -> Any:
        answer = (client or self.api).post(path, body)
        cookies = answer.cookies.output()
        self.answers.append((path, answer.content.decode() + str(answer.headers) + cookies))
        return answer

    def get(self, path: str, client: Any = None) -> Any:
        answer = (client or self.api).get(path)
        self.answers.append((path, answer.content.decode() + str(answer.headers) + answer.cookies.output()))
        return answer

    def where(self, secret: str) -> list[str]:
        """Return the paths whose responses contained `secret`."""
        return [path for path, text in self.answers if secret in text]


@pytest.fixture
def whole_log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Capture every logger except the database's, whose parameters production does not log."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("django.db.backends").setLevel(logging.INFO)
    yield caplog
    logging.getLogger("django.db.backends").setLevel(logging.NOTSET)


@pytest.mark.quality("A04")
@pytest.mark.quality("A08")
@pytest.mark.quality("X10")
def test_secrets_appear_in_one_response_and_in_no_log(
    db: None, whole_log: pytest.LogCaptureFixture, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    seen = Everything()
    with django_capture_on_commit_callbacks(execute=True):
        seen.post("/api/v1/users/", {"email": "new@example.com", "password": FIRST, "full_name": "New"})
        verify = link()
        tokens = seen.post(f"{AUTH}token", {"email": "new@example.com", "password": FIRST}).json()
        seen.api.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access_token']}")
        setup = seen.post(f"{AUTH}mfa/enable", {"method": "totp"}).json()
        code = code_of(setup["secret"], -1)
        begun = {"challenge_token": setup["challenge_token"], "code": code, "password": FIRST}
        recovery = seen.post(f"{AUTH}mfa/enable", begun).json()["recovery_codes"]
        seen.post(f"{AUTH}email/verify/confirm", {"token": verify})
        seen.post(f"{AUTH}password/reset", {"email": "new@example.com"})
        reset = link(next(message for message in reversed(mail.outbox) if "reset" in message.body))
        for path in ("users/me", "auth/sessions"):
            seen.get(f"/api/v1/{path}")
        seen.page.force_login(User.objects.get())
        for path in ("profile", "security", "security/password", "security/second-factor/off"):
            seen.get(f"/account/{path}/", seen.page)
        seen.post("/account/security/password/", {"password": "wrong", "new_password": SECOND}, seen.page)
        seen.post("/account/login/", {"username": "new@example.com", "password": "wrong one"}, Client())
        seen.post(f"{AUTH}password/reset/confirm", {"token": reset, "new_password": SECOND}, APIClient())
        seen.post(f"{AUTH}password/reset/confirm", {"token": reset, "new_password": SECOND}, APIClient())
        challenge = seen.post(f"{AUTH}token", {"email": "new@example.com", "password": SECOND}, APIClient()).json()
        given = {"challenge_token": challenge["challenge_token"], "code": recovery[0]}
        seen.post(f"{AUTH}login/mfa", given, APIClient())
    hashed = User.objects.get().password
    never = [FIRST, SECOND, "wrong one", verify, reset, code, hashed]
    assert {secret: seen.where(secret) for secret in never} == {secret: [] for secret in never}
    once = {tokens["access_token"]: "token", tokens["refresh_token"]: "token", setup["secret"]: "mfa/enable"}
    once |= {challenge["challenge_token"]: "token", **dict.fromkeys(recovery, "mfa/enable")}
    assert {secret: seen.where(secret) for secret in once} == {secret: [AUTH + path] for secret, path in once.items()}
    lines = "\n".join([whole_log.text, *(str(record.args) for record in whole_log.records)])
    assert not [secret for secret in [*never, *once] if secret in lines]
    assert not re.search(r"eyJ[\w-]+\.eyJ", whole_log.text)


@pytest.mark.quality("X10")
@pytest.mark.parametrize("debug", [True, False])
def test_error_pages_and_reports_contain_no_password(
    debug: bool, bob: User, settings: Any, monkeypatch: pytest.MonkeyPatch, whole_log: pytest.LogCaptureFixture
) -> None:
    settings.DEBUG = debug

    def broken(**kwargs: Any) -> None:
        raise RuntimeError("out of order")

    monkeypatch.setattr(passwords, "check_credentials", broken)
    browser = Client(raise_request_exception=False)
    page = browser.post("/account/login/", {"username": bob.email, "password": FIRST})
    api = APIClient(raise_request_exception=False)
    answer = api.post(f"{AUTH}token", {"email": bob.email, "password": FIRST})
    assert (page.status_code, answer.status_code) == (500, 500)
    for text in (page.content.decode(), json.dumps(answer.json()), whole_log.text):
        assert FIRST not in text


@pytest.mark.quality("X10")
def test_error_reports_hide_secret_fields_and_variables() -> None:
    request = RequestFactory().post("/", {"password": FIRST, "code": "123456", "full_name": "Bob"})

    def fails(password: str, given: dict[str, str], harmless: str) -> None:
        raise RuntimeError("out of order")

    try:
        fails(FIRST, {"new_password": SECOND, "challenge_token": "t0ken"}, "in plain sight")
    except RuntimeError as error:
        report = ExceptionReporter(request, type(error), error, error.__traceback__)
    assert isinstance(report.filter, ReportFilter)
    # Only variable values are checked: the source lines around the failure are this test's own.
    frames = str([frame["vars"] for frame in report.get_traceback_data()["frames"]])
    posted = str(report.get_traceback_data()["filtered_POST_items"])
    for secret in (FIRST, SECOND, "t0ken", "123456"):
        assert secret not in frames
        assert secret not in posted
    assert "in plain sight" in frames
    assert "Bob" in posted
