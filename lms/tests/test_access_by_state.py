"""The access table for persons in other states: a student whose enrollment ended, and an impersonated student.

A former instructor is tested in `test_ended_roles.py`, staff without the second factor in `test_limited_logins.py`.
"""

from typing import Any

import pytest
from django.test import Client
from django.urls import resolve
from rest_framework.test import APIClient

from accounts import impersonation
from accounts.models import User
from core.access.impersonation import Policy, policy_of
from core.access.scopes import SAFE_METHODS
from enrollments.models import Enrollment
from lms.tests.access_fixtures import alice, bob, carol, dan, erin, people, the_world, values
from lms.tests.access_table import PEOPLE, rows
from lms.tests.test_access import ask, body_of, client_for

__all__ = ["alice", "bob", "carol", "dan", "erin", "people", "the_world", "values"]  # fixtures

pytestmark = pytest.mark.quality("X01")

each_row = pytest.mark.parametrize(
    ("method", "path", "expected"), rows(), ids=lambda value: value if isinstance(value, str) else ""
)


@each_row
def test_a_student_whose_enrollments_ended(
    method: str, path: str, expected: list[int], bob: User, values: dict[str, Any]
) -> None:
    Enrollment.objects.filter(user=bob).update(is_active=False)
    address = path.format(**values)
    statuses = dict(zip(PEOPLE, expected, strict=True))
    status = ask(client_for(address, bob), method, address, body_of(method, path, values))
    if status != statuses["carol"]:
        print("DIFF", method, path, "carol", statuses["carol"], "bob", statuses["bob"], "got", status)
        raise AssertionError


def impersonating_client(path: str, actor: User, user: User) -> Client:
    """Return a client for pages or for the API, with which `actor` is logged in as `user`."""
    login = impersonation.start(actor=actor, user=user, reason="Ticket 1", life=impersonation.TOKEN_LIFETIME)
    if path.startswith("/api/"):
        return APIClient(headers={"Authorization": f"Bearer {impersonation.create_access_token(login)}"})
    browser = client_for(path, actor)
    session = browser.session
    session[impersonation.SESSION_KEY] = str(login.pk)
    session.save()
    return browser


@each_row
def test_an_impersonated_student_gets_the_status_of_the_student_or_403(
    method: str, path: str, expected: list[int], bob: User, dan: User, values: dict[str, Any]
) -> None:
    address = path.format(**values)
    match = resolve(address.partition("?")[0])
    policy = policy_of(match.func, method)
    is_refused = policy is Policy.HIDDEN or (policy is Policy.READ_ONLY and method not in SAFE_METHODS)
    status = ask(impersonating_client(address, dan, bob), method, address, body_of(method, path, values))
    if status != (403 if is_refused else expected[PEOPLE.index("bob")]):
        print("DIFF", method, path, "bob", expected[PEOPLE.index("bob")], policy, "got", status)
        raise AssertionError
