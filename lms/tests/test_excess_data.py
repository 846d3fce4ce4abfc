"""Tests that responses contain no secrets and no personal data of others (quality row U02)."""

import json
import re
from base64 import b32encode
from binascii import unhexlify
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core import mail
from django.db import models
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice
from rest_framework.test import APIClient

from accounts.account_deletion import close_account
from accounts.codes import make_recovery_codes
from accounts.models import User
from core.models import AuditEntry
from lms.tests.access_fixtures import alice, bob, carol, dan, erin, people, the_world, values
from lms.tests.access_table import PEOPLE, rows
from lms.tests.test_access import client_for
from tools.testing.plugin import PASSWORD

__all__ = ["alice", "bob", "carol", "dan", "erin", "people", "the_world", "values"]  # fixtures

FORBIDDEN_KEYS = re.compile(r"password|hash|secret|session_key|^key$|^token$|access_token|refresh_token|otp|recovery")
HASHED = re.compile(r"(argon2|pbkdf2_\w+|quick_test)\$")
A_TOKEN = re.compile(r"eyJ[\w-]+\.eyJ[\w-]+\.")
# The email addresses that each user may read: their own; instructors those of their students; staff all.
MAY_READ = {
    "visitor": set(),
    "bob": {"bob"},
    "carol": {"carol"},
    "alice": {"alice", "bob"},
    "erin": {"erin"},
    "dan": {"alice", "bob", "carol", "dan", "erin"},
}


def keys_in(found: Any) -> Iterator[str]:
    """Yield every key of a JSON response, at any depth."""
    if isinstance(found, dict):
        yield from found
    for inner in found.values() if isinstance(found, dict) else found if isinstance(found, list) else ():
        yield from keys_in(inner)


def readable(answer: Any) -> str:
    """Return the text of a response, or an empty string for a file."""
    is_text = any(kind in answer.get("Content-Type", "") for kind in ("json", "html", "text", "xml"))
    if not is_text:
        return ""
    return (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode(errors="replace")


@pytest.mark.quality("U02")
@pytest.mark.parametrize("name", PEOPLE)
def test_no_response_contains_secrets_or_foreign_email_addresses(
    name: str, people: dict[str, Any], values: dict[str, Any]
) -> None:
    bob = people["bob"]
    device = TOTPDevice.objects.create(user=bob, name="app", confirmed=True)
    secrets = [device.key, b32encode(unhexlify(device.key)).decode(), *make_recovery_codes(bob)]
    secrets += [user.password for user in people.values() if user is not None]
    strangers = {other.email for who, other in people.items() if other is not None and who not in MAY_READ[name]}
    seen, wrong = 0, {}
    for method, path, _statuses in rows():
        if method != "GET" or path.startswith("/dev/"):
            continue
        address = path.format(**values)
        answer = client_for(address, people[name]).get(address)
        text = readable(answer)
        seen += bool(text)
        is_json = bool(text) and "json" in answer["Content-Type"]
        keys = {key for key in keys_in(json.loads(text)) if FORBIDDEN_KEYS.search(key)} if is_json else set()
        if address in ("/api/v1/schema/", "/api/v1/asyncapi.json"):
            keys = set()  # the API documents name fields, but contain no data
        if address.endswith("/join-links/"):
            keys -= {"key"}  # the instructor shares the link
        held = keys | {secret for secret in secrets if secret in text} | {email for email in strangers if email in text}
        if held or HASHED.search(text) or A_TOKEN.search(text):
            wrong[path] = held
    assert wrong == {}
    assert seen > 50


@pytest.mark.quality("U02")
def test_a_student_cannot_read_user_accounts(bob: User, carol: User, api_of: Callable[[User], APIClient]) -> None:
    for path in (f"users/{carol.pk}", f"users/{bob.pk}", "users/"):
        assert api_of(bob).get(f"/api/v1/{path}").status_code == 403


@pytest.mark.quality("V15")
def test_instructors_see_no_security_and_profile_data_of_students(
    alice: User, dan: User, the_world: Any, api_of: Callable[[User], APIClient]
) -> None:
    private = {"mfa_enabled", "last_login_at", "profile_metadata"}
    students = api_of(alice).get("/api/v1/users/").json()["results"]
    assert students
    for student in students:
        assert private.isdisjoint(student)
    assert private <= api_of(dan).get("/api/v1/users/").json()["results"][0].keys()
    assert private <= api_of(alice).get("/api/v1/users/me").json().keys()


def rows_that_name(texts: set[str], *, but: tuple[type[models.Model], ...] = ()) -> dict[str, list[Any]]:
    """Return the rows of each table with a text column that contains one of `texts`."""
    found = {}
    for model in apps.get_models():
        words = [
            field.name
            for field in model._meta.concrete_fields
            if isinstance(field, models.CharField | models.TextField | models.JSONField)
        ]
        if model in but or not model._meta.managed:
            continue
        rows = [
            row
            for row in model._default_manager.values("pk", *words)
            if any(text in str(row[word]).lower() for word in words for text in texts)
        ]
        if rows:
            found[model._meta.label] = rows
    return found


@pytest.mark.quality("U03")
def test_a_closed_account_leaves_no_personal_data_in_any_table(bob: User, dan: User, values: dict[str, Any]) -> None:
    """Certificates are exempt: they are snapshots that others rely on."""
    APIClient().post("/api/v1/auth/password/reset", {"email": bob.email})
    assert rows_that_name({"bob@example.com"})
    close_account(actor=dan, user=bob)
    named = rows_that_name({"bob@example.com"})
    assert named == {}
    assert set(rows_that_name({"bob example"})) <= {"certificates.Certificate"}
    assert AuditEntry.objects.filter(action="accounts.closed", target_id=str(values["bob"])).count() == 1


# A formula in a spreadsheet; an element, and the end of an attribute, in HTML.
EVIL_NAME = '=HYPERLINK("evil","Grade") <script>alert(1)</script> <img src=x onerror=alert(1)> " onclick="x'


@pytest.mark.quality("U05")
def test_markup_and_formulas_in_a_name_are_escaped_everywhere(
    people: dict[str, Any], values: dict[str, Any], dan: User, api_of: Callable[[User], APIClient]
) -> None:
    bob = people["bob"]
    assert api_of(bob).put("/api/v1/users/me", {"full_name": EVIL_NAME}).status_code == 200
    User.objects.filter(pk=dan.pk).update(is_superuser=True)
    admin = Client()
    admin.force_login(dan)
    shown = [admin.get("/admin/accounts/user/"), admin.get(f"/admin/accounts/user/{bob.pk}/change/")]
    for method, path, _statuses in rows():
        if method == "GET" and not path.startswith(("/api/", "/dev/")):
            for who in ("bob", "alice", "dan"):
                shown.append(client_for(path, people[who]).get(path.format(**values)))
    pages = [readable(page) for page in shown if "html" in page.get("Content-Type", "")]
    assert sum("HYPERLINK" in page for page in pages) > 5
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'onclick="x' not in page
    for page in shown:
        if "csv" in page.get("Content-Type", ""):
            assert not re.search(r'(^|[,"])=HYPERLINK', readable(page), re.MULTILINE)
    APIClient().post("/api/v1/auth/password/reset", {"email": bob.email})
    message = mail.outbox[-1]
    assert "\n" not in message.subject
    assert "<script>alert" not in message.alternatives[0].content
    assert "<img src=x" not in message.alternatives[0].content


@pytest.mark.quality("U01")
def test_a_student_cannot_change_their_own_role(bob: User, api_of: Callable[[User], APIClient]) -> None:
    wanted = {"role": "admin", "is_staff": True, "is_superuser": True, "user": str(bob.pk)}
    client = api_of(bob)
    for method, path, expected in (
        ("put", "instructors/me", 403),
        ("patch", "users/me", 200),
        ("put", f"admin/users/{bob.pk}", (403, 404)),
        ("delete", f"users/{bob.pk}", 403),
        ("get", "analytics/overview", 403),
    ):
        status = getattr(client, method)(f"/api/v1/{path}", wanted).status_code
        assert status == expected or (isinstance(expected, tuple) and status in expected), path
    browser = Client()
    browser.login(username=bob.email, password=PASSWORD)
    assert browser.post("/account/profile/", {"full_name": "Bob", **wanted}).status_code == 302
    assert browser.get("/admin/", follow=True).status_code == 403
    bob.refresh_from_db()
    assert (bob.role, bob.is_staff, bob.is_superuser) == ("student", False, False)
