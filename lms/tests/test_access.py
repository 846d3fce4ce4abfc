"""Tests for the access table: every URL for every kind of user; unlisted URLs fail (quality row X01)."""

import json
import uuid
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, resolve
from rest_framework.test import APIClient

from accounts.models import User
from accounts.tokens import start_session
from lms.tests.access_fixtures import alice, bob, carol, dan, erin, people, the_world, values
from lms.tests.access_table import BODIES, PEOPLE, rows
from tools.testing.urls import list_routes

__all__ = ["alice", "bob", "carol", "dan", "erin", "people", "the_world", "values"]  # fixtures


def client_for(path: str, user: User | None) -> Client:
    """Return a logged-in browser for pages, or an API client with an access token."""
    if path.startswith("/api/"):
        client = APIClient()
        if user is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {start_session(user=user).access_token}")
        return client
    browser = Client()
    if user is not None:
        browser.force_login(user)
    return browser


def body_of(method: str, path: str, values: dict[str, Any]) -> dict[str, Any]:
    body = BODIES.get(f"{method} {path}", {})
    return {name: values.get(text.strip("{}"), text) if isinstance(text, str) else text for name, text in body.items()}


def ask(client: Client, method: str, path: str, body: dict[str, Any]) -> int:
    if path.startswith("/api/"):
        text = json.dumps(body, default=str)
        return client.generic(method, path, text, content_type="application/json").status_code
    return client.post(path, body).status_code if method == "POST" else client.get(path).status_code


@pytest.mark.quality("X01")
@pytest.mark.parametrize(
    ("method", "path", "expected"), rows(), ids=lambda value: value if isinstance(value, str) else ""
)
def test_each_user_gets_the_status_of_the_access_table(
    method: str, path: str, expected: list[int], people: dict[str, Any], values: dict[str, Any]
) -> None:
    address = path.format(**values)
    seen = []
    for name in PEOPLE:
        with transaction.atomic():  # each user starts with the same data
            seen.append(ask(client_for(address, people[name]), method, address, body_of(method, path, values)))
            transaction.set_rollback(True)
    assert dict(zip(PEOPLE, seen, strict=True)) == dict(zip(PEOPLE, expected, strict=True))


def methods_by_route() -> set[tuple[str, str]]:
    """Return every method of a viewset of the API, with its route."""
    found = set()
    for route in list_routes():
        match = _callback(route)
        for method in getattr(match, "actions", None) or {}:
            if method != "head":  # every GET has one
                found.add((method.upper(), route))
    return found


def _callback(route: str) -> Any:
    def walk(patterns: list[Any], prefix: str) -> Any:
        for entry in patterns:
            route_so_far = prefix + str(entry.pattern)
            if hasattr(entry, "url_patterns"):
                found = walk(entry.url_patterns, route_so_far)
                if found is not None:
                    return found
            elif route_so_far == route:
                return entry.callback
        return None

    return walk(get_resolver().url_patterns, "")


@pytest.mark.quality("X01")
def test_the_access_table_lists_every_url_and_every_api_method() -> None:
    nil = defaultdict(
        lambda: uuid.UUID(int=0), slug="tea", draft_slug="draft", priced_slug="cider", number="AAAAA", change=1
    )
    known = {(method, resolve(path.format_map(nil).partition("?")[0]).route) for method, path, _statuses in rows()}
    assert set(list_routes()) - {route for _method, route in known} == set()
    assert methods_by_route() - known == set()


@pytest.mark.quality("X01")
def test_hidden_objects_get_the_same_response_as_unknown_ids(
    values: dict[str, Any], carol: User, api_of: Callable[[User], APIClient]
) -> None:
    client = api_of(carol)
    hidden = ["courses/{draft}", "enrollments/{enrollment}", "certificates/{certificate}"]
    hidden += ["orders/{order}", "payments/{payment}"]
    for path in hidden:
        existing = client.get(f"/api/v1/{path.format(**values)}")
        unknown = client.get(f"/api/v1/{path.split('/')[0]}/{uuid.uuid4()}")
        assert (existing.status_code, existing.content) == (unknown.status_code, unknown.content)
