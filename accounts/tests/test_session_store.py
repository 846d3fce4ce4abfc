"""Sessions are fetched by key and checked for expiry."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.models import User


def answered(browser: Client) -> int:
    return browser.get("/dashboard/").status_code


def test_a_session_works_until_it_expires(browser_of: Callable[[User | None], Client], bob: User) -> None:
    browser = browser_of(bob)
    assert answered(browser) == 200
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert answered(browser) == 302


@pytest.mark.parametrize("key", ["", "short", "x" * 32])
def test_an_unknown_session_key_is_anonymous(client: Client, db: None, key: str) -> None:
    client.cookies[settings.SESSION_COOKIE_NAME] = key
    assert answered(client) == 302
