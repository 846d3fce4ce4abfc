"""Emailed links: password reset, email confirmation, change of address."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import email_links
from accounts.models import EmailToken, User
from accounts.models.one_time_tokens import EmailTokenPurpose
from accounts.tokens import start_session
from tools.testing.plugin import PASSWORD
from tools.testing.races import run_concurrently

RESET = "/api/v1/auth/password/reset"
VERIFY = "/api/v1/auth/email/verify"
NEW = "an entirely new one"


def ask(path: str, email: str, **extra: Any) -> Any:
    return APIClient().post(path, {"email": email}, **extra)


def comparable(answer: Any) -> tuple[int, bytes, str]:
    """Return all parts of a response that could reveal an account, without the request id."""
    headers = {name: value for name, value in answer.headers.items() if name != "X-Request-ID"}
    return answer.status_code, answer.content, str(sorted(headers.items())) + answer.cookies.output()


def link(message: Any = None) -> str:
    """Return the token of an email's link, by default the newest email's."""
    text = (message or mail.outbox[-1]).body
    return re.search(r"\?token=(\S+)", text).group(1)


def reset(token: str, password: str = NEW) -> int:
    return APIClient().post(f"{RESET}/confirm", {"token": token, "new_password": password}).status_code


def test_a_mailed_link_sets_a_new_password(bob: User) -> None:
    asked = ask(RESET, "BOB@example.com")
    assert (asked.status_code, asked.content) == (202, b"")
    assert [message.to for message in mail.outbox] == [[bob.email]]
    assert reset(link()) == 204
    bob.refresh_from_db()
    assert bob.check_password(NEW)


@pytest.mark.quality("A03")
def test_responses_are_equal_for_known_unknown_and_inactive_addresses(bob: User, carol: User) -> None:
    User.objects.filter(pk=carol.pk).update(is_active=False)
    for path in (RESET, VERIFY):
        answers = [ask(path, email) for email in (bob.email, carol.email, "nobody@example.com")]
        assert len({comparable(answer) for answer in answers}) == 1
        assert answers[0].status_code == 202
    assert {message.to[0] for message in mail.outbox} == {bob.email}


@pytest.mark.quality("A03")
def test_query_counts_are_equal_for_known_and_unknown_addresses(
    bob: User, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: Callable[..., Any]
) -> None:
    queued: list[str] = []
    monkeypatch.setattr("accounts.tasks.mail_link.send_or_defer", queued.append)
    for email in (bob.email, "nobody@example.com"):
        with django_assert_num_queries(1):
            ask(RESET, email)
    assert len(queued) == 2


@pytest.mark.quality("A08")
def test_a_link_works_once(bob: User) -> None:
    ask(RESET, bob.email)
    token = link()
    assert [reset(token), reset(token, "another one again")] == [204, 400]


@pytest.mark.quality("A08")
@pytest.mark.django_db(transaction=True)
def test_of_two_concurrent_resets_one_succeeds(bob: User) -> None:
    ask(RESET, bob.email)
    token = link()
    assert sorted(run_concurrently(2, lambda number: reset(token, f"entirely new {number}"))) == [204, 400]


@pytest.mark.quality("A08")
def test_a_link_works_for_an_hour(bob: User) -> None:
    ask(RESET, bob.email)
    with time_machine.travel(timezone.now() + timedelta(minutes=61), tick=False):
        assert reset(link()) == 400


@pytest.mark.quality("A08")
def test_a_newer_link_replaces_an_older_one(bob: User) -> None:
    ask(RESET, bob.email)
    ask(RESET, bob.email)
    first, second = (link(message) for message in mail.outbox)
    assert [reset(first), reset(second)] == [400, 204]


@pytest.mark.quality("A08")
def test_a_link_works_for_its_purpose_only(bob: User, api_of: Callable[[User], APIClient]) -> None:
    ask(RESET, bob.email)
    for_reset = link()
    ask(VERIFY, bob.email)
    for_verify = link()
    assert reset(for_verify) == 400
    assert api_of(bob).post(f"{VERIFY}/confirm", {"token": for_reset}).status_code == 400
    signed_for_other = email_links._signer(EmailTokenPurpose.VERIFY).sign(for_reset.split(":")[0])
    assert api_of(bob).post(f"{VERIFY}/confirm", {"token": signed_for_other}).status_code == 400
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {for_reset}")
    assert client.get("/api/v1/users/me").status_code == 401


@pytest.mark.quality("A08")
def test_a_changed_password_invalidates_links(bob: User, browser_of: Callable[[User], Client]) -> None:
    ask(RESET, bob.email)
    token = link()
    browser_of(bob).post("/account/security/password/", {"password": PASSWORD, "new_password": NEW})
    bob.refresh_from_db()
    assert bob.check_password(NEW)
    assert reset(token, "yet another password") == 400


@pytest.mark.quality("A08")
def test_a_changed_address_invalidates_links(bob: User, browser_of: Callable[[User], Client]) -> None:
    ask(RESET, bob.email)
    ask(VERIFY, bob.email)
    tokens = [link(message) for message in mail.outbox]
    browser = browser_of(bob)
    browser.post("/account/security/email/", {"email": "bob@new.example", "password": PASSWORD})
    to_new = next(message for message in mail.outbox if message.to == ["bob@new.example"])
    browser.post("/account/email/", {"token": link(to_new)})
    bob.refresh_from_db()
    assert bob.email == "bob@new.example"
    assert [reset(token) for token in tokens] == [400, 400]
    verify = {"token": tokens[1]}
    assert browser.post("/api/v1/auth/email/verify/confirm", verify, "application/json").status_code == 400


@pytest.mark.quality("A02")
def test_a_new_password_ends_every_login(bob: User, browser_of: Callable[[User], Client]) -> None:
    pair, browser = start_session(user=bob), browser_of(bob)
    assert browser.get("/dashboard/").status_code == 200
    ask(RESET, bob.email)
    assert reset(link()) == 204
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {pair.access_token}")
    assert client.get("/api/v1/users/me").status_code == 401
    assert APIClient().post("/api/v1/auth/refresh", {"refresh_token": pair.refresh_token}).status_code == 401
    assert browser.get("/dashboard/").status_code == 302


def test_a_weak_password_is_refused_and_the_link_still_works(bob: User) -> None:
    ask(RESET, bob.email)
    assert reset(link(), "password123") == 400
    assert reset(link()) == 204


@pytest.mark.quality("X08")
def test_links_ignore_the_host_header(bob: User, settings: Any) -> None:
    ask(RESET, bob.email, headers={"x-forwarded-host": "evil.test"})
    assert settings.SITE_URL in mail.outbox[0].body
    assert "evil.test" not in mail.outbox[0].body
    assert ask(RESET, bob.email, headers={"host": "evil.test"}).status_code == 400


def test_emails_are_limited_without_revealing_the_account(bob: User, settings: Any) -> None:
    settings.RATE_LIMITS = True
    answers = [ask(RESET, bob.email).status_code for _ in range(11)]
    assert answers == [202] * 10 + [429]
    assert len(mail.outbox) == 3


def test_an_address_is_confirmed_by_its_owner_only(bob: User, carol: User, api_of: Callable[[User], APIClient]) -> None:
    ask(VERIFY, bob.email)
    token = link()
    assert api_of(carol).post(f"{VERIFY}/confirm", {"token": token}).status_code == 400
    answer = api_of(bob).post(f"{VERIFY}/confirm", {"token": token})
    assert answer.status_code == 200
    assert answer.json()["email_verified_at"]


def test_registration_sends_a_link_that_needs_a_button_press(db: None, client: Client) -> None:
    client.post(
        "/account/register/", {"email": "new@example.com", "password": "a long walk home", "full_name": "New Person"}
    )
    token = link()
    assert client.get(f"/account/verify/?token={token}").status_code == 200
    assert User.objects.get().email_verified_at is None
    assert client.post("/account/verify/", {"token": token}).status_code == 302
    assert User.objects.get().email_verified_at is not None


def test_the_reset_page_sets_a_new_password(bob: User, client: Client) -> None:
    assert client.post("/account/reset/", {"email": bob.email}).status_code == 302
    page = client.get(f"/account/reset/?token={link()}").content.decode()
    assert "new_password" in page
    client.post("/account/reset/", {"token": link(), "new_password": NEW})
    assert client.post("/account/login/", {"username": bob.email, "password": NEW}).status_code == 302
    assert "_auth_user_id" in client.session


@pytest.mark.quality("A12")
def test_an_address_changes_when_the_new_one_is_confirmed(bob: User, browser_of: Callable[[User], Client]) -> None:
    browser = browser_of(bob)
    refused = browser.post("/account/security/email/", {"email": "bob@new.example", "password": "wrong"})
    assert "Incorrect password." in refused.content.decode()
    browser.post("/account/security/email/", {"email": "bob@new.example", "password": PASSWORD})
    assert [message.to[0] for message in mail.outbox] == ["bob@new.example", bob.email]
    bob.refresh_from_db()
    assert bob.email == "bob@example.com"
    browser.post("/account/email/", {"token": link(mail.outbox[0])})
    bob.refresh_from_db()
    assert bob.email == "bob@new.example"
    assert bob.email_verified_at is not None


def test_an_address_taken_meanwhile_is_refused(bob: User, carol: User, browser_of: Callable[[User], Client]) -> None:
    browser_of(bob).post("/account/security/email/", {"email": carol.email, "password": PASSWORD})
    page = browser_of(bob).post("/account/email/", {"token": link(mail.outbox[0])})
    assert "An account with this email address already exists." in page.content.decode()


def test_a_leaked_token_table_grants_no_access(bob: User) -> None:
    ask(RESET, bob.email)
    row = EmailToken.objects.get()
    assert reset(row.pk.hex) == 400
    assert reset(str(row.pk)) == 400
