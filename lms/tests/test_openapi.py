"""The OpenAPI document is the truth: whatever it allows to be sent, by whomever, is answered as it says."""

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
from lms.testing.lasting import undone
from lms.tests.lasting_access_world import people, the_world, values
from lms.wsgi import application

__all__ = ["people", "the_world", "values"]  # fixtures

# How many requests are made up for each operation.
EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "4"))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# Which share of the requests must have succeeded at least: what is always refused says little.
SUCCEEDING = {"visitor": 0.03, "bob": 0.08, "alice": 0.1, "dan": 0.1}
# What stands for a parameter in the world of the access table, where its name does not say so.
NAMES = {"certificate_number": "number", "payment_intent_id": "intent", "user": "bob", "grade_change": "change"}


@pytest.fixture
def one_connection() -> Iterator[None]:
    """Keep the test's connection, whose transaction is never committed, when a request begins or ends."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def real(name: str, values: dict[str, Any]) -> Any:
    """Return the id of something that exists for a parameter of the path, or None."""
    short = NAMES.get(name, name.removesuffix("_id"))
    return values.get(NAMES.get(short, short))


def with_real_ids(given: dict[str, Any], values: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters with ids of things that exist, where there are such."""
    there = {name: real(name, values) for name in given}
    return {**given, **{name: str(value) for name, value in there.items() if value}}


def failures_of(operation: Any, people: dict[str, Any], values: dict[str, Any], seen: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the answers to some made-up requests of one operation, each sent by everybody with their
    headers; count them in `seen`."""
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
            with undone():  # each request finds the world as it was
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
def test_every_answer_is_one_that_the_document_knows(
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
    """Return what a client of this person sends with every request."""
    headers = {"Accept-Encoding": "identity"}  # whoever reads the answers here unpacks nothing
    return {**headers, "Authorization": f"Bearer {start_session(user=user).access_token}"} if user else headers


@pytest.mark.django_db
def test_the_document_is_written_once_and_is_the_one_that_is_validated(monkeypatch: pytest.MonkeyPatch) -> None:
    written = SchemaGenerator().get_schema(public=True)
    first = Client().get("/api/v1/schema/?format=json")
    assert first.json() == json.loads(json.dumps(written, default=str))
    monkeypatch.setattr(SchemaGenerator, "get_schema", lambda *_args, **_kwargs: {})
    assert Client().get("/api/v1/schema/?format=json").content == first.content
