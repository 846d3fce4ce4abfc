"""Invisible characters in email addresses: one stored form, wherever an address is taken."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from rest_framework.test import APIClient

from accounts.models import EmailToken, User
from core.models import SiteSettings
from courses.models import Course
from enrollments.models import Invitation
from tools.testing.plugin import PASSWORD

pytestmark = pytest.mark.quality("U04")

SPELLINGS = {
    "zero-width space": "bo\u200bb@example.com",
    "zero-width space in the domain": "bob@exam\u200bple.com",
    "zero-width joiner": "bob\u200d@example.com",
    "byte order mark": "\ufeffbob@example.com",
    "word joiner": "bob@\u2060example.com",
    "left-to-right mark": "bob@example.com\u200e",
    "bidi isolates": "\u2066bob@example.com\u2069",
    "bidi embedding": "\u202abob@example.com\u202c",
    "soft hyphen": "bob@exam\u00adple.com",
    "no-break space": "\u00a0bob@example.com\u00a0",
    "inner no-break space": "bob@\u00a0example.com",
    "ideographic space": "bob@example.com\u3000",
    "line separator": "bob@example.com\u2028",
    "Hangul filler": "bob\u3164@example.com",
    "half-width Hangul filler": "bob@example\uffa0.com",
    "variation selector": "bob\ufe0f@example.com",
    "tag": "bob\U000e0041@example.com",
}
in_every_spelling = pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)

NEW = {"password": "a long walk home", "full_name": "New Person"}


def send_to_api(api: APIClient, path: str, **fields: Any) -> int:
    return api.post(path, fields).status_code


@in_every_spelling
def test_the_api_registers_one_account_for_all_spellings(spelling: str, db: None) -> None:
    assert send_to_api(APIClient(), "/api/v1/users/", email=spelling, **NEW) == 201
    assert User.objects.get().email == "bob@example.com"
    assert send_to_api(APIClient(), "/api/v1/users/", email="bob@example.com", **NEW) == 400
    assert User.objects.count() == 1


@in_every_spelling
def test_the_page_registers_one_account_for_all_spellings(spelling: str, db: None) -> None:
    assert Client().post(reverse("accounts:register"), {"email": spelling, **NEW}).status_code == 302
    assert User.objects.get().email == "bob@example.com"
    assert Client().post(reverse("accounts:register"), {"email": "bob@example.com", **NEW}).status_code == 200
    assert User.objects.count() == 1


@in_every_spelling
def test_every_spelling_logs_in(spelling: str, bob: User) -> None:
    assert send_to_api(APIClient(), "/api/v1/auth/token", email=spelling, password=PASSWORD) == 200
    page = Client().post(reverse("accounts:login"), {"username": spelling, "password": PASSWORD})
    assert page.status_code == 302


@in_every_spelling
def test_every_spelling_resets_the_password(spelling: str, bob: User) -> None:
    assert send_to_api(APIClient(), "/api/v1/auth/password/reset", email=spelling) == 202
    Client().post(reverse("accounts:reset"), {"email": spelling})
    assert [message.to for message in mail.outbox] == [[bob.email]] * 2


@in_every_spelling
def test_a_change_of_address_stores_the_one_form(
    spelling: str, carol: User, browser_of: Callable[[User], Client]
) -> None:
    answer = browser_of(carol).post(reverse("accounts:email"), {"email": spelling, "password": PASSWORD})
    assert answer.status_code == 302
    assert EmailToken.objects.get().email == "bob@example.com"


@in_every_spelling
def test_an_invitation_finds_the_account_in_every_spelling(
    spelling: str, alice: User, bob: User, course: Course, enrollment: Any, browser_of: Callable[[User], Client]
) -> None:
    path = f"/teach/courses/{course.slug}/students/invite/"
    browser_of(alice).post(path, {"email": spelling})
    assert not Invitation.objects.exists()
    browser_of(alice).post(path, {"email": spelling.replace("bob", "new").replace("bo\u200bb", "new")})
    assert Invitation.objects.get().email == "new@example.com"


@in_every_spelling
def test_the_admin_site_stores_the_one_form(
    spelling: str, dan: User, carol: User, browser_of: Callable[[User], Client]
) -> None:
    browser = browser_of(dan)
    fields = {"full_name": "Bob", "role": "student"}
    added = {**fields, "email": spelling.upper(), "password1": "a long walk home", "password2": "a long walk home"}
    page = browser.post(reverse("admin:accounts_user_add"), {**added, "usable_password": "true"})
    assert page.status_code == 302
    bob = User.objects.get(email="bob@example.com")
    browser.post(
        reverse("admin:accounts_user_change", args=[bob.pk]),
        {**fields, "email": spelling.upper().replace("COM", "ORG"), "is_active": "on"},
    )
    bob.refresh_from_db()
    assert bob.email == "bob@example.org"


@in_every_spelling
def test_create_admin_stores_the_one_form(spelling: str, db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getpass", lambda prompt: "a long walk home")
    call_command("create_admin", spelling)
    assert User.objects.get().email == "bob@example.com"
    with pytest.raises(CommandError, match="already exists"):
        call_command("create_admin", "bob@example.com")


def test_create_admin_refuses_an_invalid_address(db: None) -> None:
    with pytest.raises(CommandError, match="valid email"):
        call_command("create_admin", "bob at example.com")


@pytest.mark.parametrize("address", ["\u200b", "\u3164@\u3164", "bob smith@example.com", "bob@exam\u200b"])
def test_invalid_addresses_are_refused(address: str, db: None) -> None:
    assert send_to_api(APIClient(), "/api/v1/users/", email=address, **NEW) == 400
    assert Client().post(reverse("accounts:register"), {"email": address, **NEW}).status_code == 200
    assert not User.objects.exists()


def test_the_contact_address_is_stored_without_invisible_characters(
    dan: User, browser_of: Callable[[User], Client]
) -> None:
    browser = browser_of(dan)
    SiteSettings.objects.get_or_create(pk=1)
    path = reverse("admin:platform_sitesettings_change", args=[SiteSettings.objects.get().pk])
    initial = browser.get(path).context["adminform"].form.initial
    values = {name: value for name, value in initial.items() if isinstance(value, str | int) and value}
    assert browser.post(path, {**values, "contact_email": "help\u200b@example.com"}).status_code == 302
    assert SiteSettings.objects.get().contact_email == "help@example.com"


def test_the_migration_normalizes_addresses_that_are_free(bob: User, carol: User, dan: User) -> None:
    User.objects.filter(pk=bob.pk).update(email="Bob\u200b@example.com")
    User.objects.filter(pk=dan.pk).update(email="carol\u200b@example.com")
    import_module("accounts.migrations.0008_normalize_addresses").normalize_addresses(apps, None)
    emails = dict(User.objects.values_list("pk", "email"))
    assert emails == {bob.pk: "bob@example.com", carol.pk: "carol@example.com", dan.pk: "carol\u200b@example.com"}
