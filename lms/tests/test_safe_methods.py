"""HEAD and OPTIONS write no rows and never fail, on any route, for any user (quality row V02)."""

import hashlib
import json
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from accounts import impersonation
from accounts.models import User
from lms.tests.access_fixtures import alice, bob, carol, dan, erin, people, the_world, values
from lms.tests.access_table import BODIES, rows
from lms.tests.test_tree import sources

__all__ = ["alice", "bob", "carol", "dan", "erin", "people", "the_world", "values"]  # fixtures

# Fields that many writing endpoints take, so that a body sent to any route could change something.
COMMON_FIELDS = {"full_name": "Changed", "title": "Changed", "reason": "Changed", "text": "Changed", "rating": 1}
COMPARED_WITH_GET = re.compile(r"""\.method\s*(==|!=)\s*["']GET["']""")
PATHS = sorted({path for _method, path, _statuses in rows()})


def database_digest() -> dict[str, str]:
    """Return a digest of each table's rows, by table name. No table is left out: sessions are written at login only,
    which is before the first digest."""
    digests = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            content = "\n".join(sorted(map(repr, cursor.fetchall())))
            digests[table] = hashlib.sha256(content.encode()).hexdigest()
    return digests


def body_for(path: str, values: dict[str, Any]) -> str:
    """Return a JSON body with the fields that any method of this path takes."""
    fields: dict[str, Any] = dict(COMMON_FIELDS)
    for request, body in BODIES.items():
        if request.partition(" ")[2] == path:
            fields |= body
    filled = {
        name: values.get(text.strip("{}"), text) if isinstance(text, str) else text for name, text in fields.items()
    }
    return json.dumps(filled, default=str)


def browser_of(user: User | None) -> Client:
    """Return a client with the user's session, which sends no CSRF token and reports errors as 500."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    return client


def impersonating(actor: User, user: User) -> Client:
    """Return a client of `actor` that impersonates `user`."""
    client = browser_of(actor)
    login = impersonation.start(actor=actor, user=user, reason="Ticket 4711", life=impersonation.BROWSER_LIFETIME)
    session = client.session
    session[impersonation.SESSION_KEY] = str(login.pk)
    session.save()
    return client


@pytest.fixture
def clients(people: dict[str, Any]) -> dict[str, Client]:
    """One client for each person of the access table, and two of staff who impersonate."""
    found = {name: browser_of(user) for name, user in people.items()}
    found["dan as bob"] = impersonating(people["dan"], people["bob"])
    found["dan as alice"] = impersonating(people["dan"], people["alice"])
    return found


@pytest.mark.quality("V02")
@pytest.mark.parametrize("path", PATHS)
def test_head_and_options_write_nothing_and_never_fail(
    path: str, clients: dict[str, Client], values: dict[str, Any]
) -> None:
    address, body = path.format(**values), body_for(path, values)
    before = database_digest()
    failed = {}
    for name, client in clients.items():
        for method in ("HEAD", "OPTIONS"):
            status = client.generic(method, address, body, content_type="application/json").status_code
            if status >= 500:
                failed[f"{method} by {name}"] = status
    after = database_digest()
    changed = {table for table in before if before[table] != after[table]}
    assert (failed, changed) == ({}, set())


@pytest.mark.quality("V02")
def test_no_view_compares_the_method_with_get_alone() -> None:
    views = [path for path in sources(".py") if "tests" not in path.parts]
    assert len(views) > 100
    assert [str(path) for path in views if COMPARED_WITH_GET.search(path.read_text())] == []
