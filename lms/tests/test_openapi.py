"""Tests that all responses to generated requests match the OpenAPI document."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import openapi
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from accounts.models import User
from accounts.tokens import start_session
from lms.tests.access_fixtures import people, the_world, values
from lms.wsgi import application
from tools.testing.module_data import rolled_back

__all__ = ["people", "the_world", "values"]  # fixtures

# Number of generated requests per operation.
EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "4"))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# Minimum share of successful requests: requests that always fail prove little.
SUCCEEDING = {"visitor": 0.03, "bob": 0.08, "alice": 0.1, "dan": 0.1}
# Names of parameters in the data of the access table, where they differ.
NAMES = {"certificate_number": "number", "payment_intent_id": "intent", "user": "bob", "grade_change": "change"}


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Keep the connection of the test open across requests, as its transaction is never committed."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def real(name: str, values: dict[str, Any]) -> Any:
    """Return the id of an existing object for a path parameter, or None."""
    short = NAMES.get(name, name.removesuffix("_id"))
    return values.get(NAMES.get(short, short))


def with_real_ids(given: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with ids of existing objects, where known."""
    there = {name: real(name, values) for name in given}
    return {**given, **{name: str(value) for name, value in there.items() if value}}


def failures_of(operation: Any, people: dict[str, Any], values: dict[str, Any], seen: dict[str, Any]) -> Iterator[str]:
    """Yield the failures of generated requests of one operation, sent by each user; count the statuses in `seen`."""
    found: set[str] = set()

    @given(case=operation.as_strategy(), known=st.booleans())
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def ask(case: Any, known: bool) -> None:
        if known:
            case.path_parameters = with_real_ids(case.path_parameters or {}, values)
            case.body = with_real_ids(case.body, values) if isinstance(case.body, dict) else case.body
        for role, headers in people.items():
            with rolled_back():  # each request starts with the same data
                answer = case.call(headers=headers)
            seen[role][answer.status_code // 100] += 1
            try:
                case.validate_response(answer, checks=CHECKS)
            except FailureGroup as group:
                texts = (f"{error.title}: {error.message[:300]}" for error in group.exceptions)
                found.update(f"{role}: {answer.status_code} {text}" for text in texts)

    ask()
    label = f"{operation.method.upper()} {operation.path}"
    yield from (f"{label} {text}" for text in sorted(found))


@pytest.mark.long
@pytest.mark.quality("X03")
def test_every_response_matches_the_openapi_document(
    people: dict[str, User | None], values: dict[str, Any], one_connection: None
) -> None:
    schema = openapi.from_wsgi("/api/v1/schema/?format=json", application)
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 100
    headers = {role: headers_of(people[role]) for role in SUCCEEDING}
    seen: dict[str, Counter[int]] = {role: Counter() for role in SUCCEEDING}
    wrong = [text for operation in operations for text in failures_of(operation, headers, values, seen)]
    assert not wrong, "\n".join(wrong)
    for role, share in SUCCEEDING.items():
        assert seen[role][2] > sum(seen[role].values()) * share, (role, seen[role])


def headers_of(user: User | None) -> dict[str, str]:
    """Return the headers of all requests of a user."""
    headers = {"Accept-Encoding": "identity"}  # schemathesis does not decompress responses here
    return {**headers, "Authorization": f"Bearer {start_session(user=user).access_token}"} if user else headers


@pytest.mark.django_db
def test_the_openapi_document_is_generated_once_and_cached(monkeypatch: pytest.MonkeyPatch) -> None:
    written = SchemaGenerator().get_schema(public=True)
    first = Client().get("/api/v1/schema/?format=json")
    assert first.json() == json.loads(json.dumps(written, default=str))
    monkeypatch.setattr(SchemaGenerator, "get_schema", lambda *_args, **_kwargs: {})
    assert Client().get("/api/v1/schema/?format=json").content == first.content
