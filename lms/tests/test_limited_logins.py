"""Tests that privileges count only in logins that passed the second factor, on every route (quality row V01).

The table is asked as carol, who owns nothing and is enrolled in nothing, after she has got a privilege. Without the
second factor she has to be answered like the carol of the table.
"""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts.models import LoginSession, Role, User
from lms.groups import GROUPS
from lms.tests.access_fixtures import alice, bob, carol, dan, erin, people, the_world, values
from lms.tests.access_table import PEOPLE, rows
from lms.tests.test_access import ask, body_of, client_for

__all__ = ["alice", "bob", "carol", "dan", "erin", "people", "the_world", "values"]  # fixtures

pytestmark = pytest.mark.quality("V01")

# The role, superuser status, and the membership of all staff groups, which has the permissions of each of them.
PRIVILEGES = ["admin", "superuser", "groups"]


def grant(user: User, privilege: str) -> User:
    """Give a user one of PRIVILEGES; return the user."""
    user.is_staff = True
    user.role = user.role if privilege == "groups" else Role.ADMIN
    user.is_superuser = privilege == "superuser"
    user.save()
    if privilege == "groups":
        user.groups.set(Group.objects.filter(name__in=GROUPS))
    return user


def verify_logins(user: User) -> None:
    """Mark the logins of a user as verified by the second factor."""
    LoginSession.objects.filter(user=user).update(verified_at=timezone.now())


def verified_client_for(path: str, user: User) -> Client:
    """Return a client as `client_for` does, whose login has passed the second factor."""
    client = client_for(path, user)
    verify_logins(user)
    return client


@pytest.mark.parametrize(
    ("method", "path", "expected"), rows(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_without_the_second_factor_staff_get_the_status_of_a_stranger(
    method: str, path: str, expected: list[int], people: dict[str, Any], values: dict[str, Any], settings: Any
) -> None:
    settings.MFA_REQUIRED_FOR_STAFF = True
    statuses = dict(zip(PEOPLE, expected, strict=True))
    address = path.format(**values)
    seen = {}
    for privilege in PRIVILEGES:
        with transaction.atomic():
            client = client_for(address, grant(User.objects.get(pk=people["carol"].pk), privilege))
            seen[privilege] = ask(client, method, address, body_of(method, path, values))
            transaction.set_rollback(True)
    assert seen == dict.fromkeys(PRIVILEGES, statuses["carol"])
    if statuses["dan"] != statuses["carol"]:
        client = verified_client_for(address, people["dan"])
        assert ask(client, method, address, body_of(method, path, values)) == statuses["dan"]
