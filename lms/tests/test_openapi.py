"""The OpenAPI document is the truth: whatever it allows to be sent, by whomever, is answered as it says."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.db import transaction
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
from lms.tests.test_access import people, values
from lms.wsgi import application

__all__ = ["people", "values"]  # fixtures

# How many requests are made up for each operation and person; `make openapi` makes up more.
EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "4"))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
ROLES = ["visitor", "bob", "alice", "dan"]
# What stands for a parameter in the world of the access table, where its name does not say so.
NAMES = {"certificate_number": "number", "payment_intent_id": "intent", "user": "bob", "grade_change": "change"}


def real(name: str, values: dict[str, Any]) -> Any:
    """Return the id of something that exists for a parameter of the path, or None."""
    short = NAMES.get(name, name.removesuffix("_id"))
    return values.get(NAMES.get(short, short))


def failures_of(operation: Any, headers: dict[str, str], values: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong with the answers to some made-up requests of one operation."""
    found: set[str] = set()

    @given(case=operation.as_strategy(), known=st.booleans())
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def ask(case: Any, known: bool) -> None:
        if known:
            there = {name: real(name, values) for name in case.path_parameters or {}}
            case.path_parameters = {**(case.path_parameters or {}), **{n: str(v) for n, v in there.items() if v}}
        with transaction.atomic():  # each request finds the world as it was
            answer = case.call(headers=headers)
            transaction.set_rollback(True)
        try:
            case.validate_response(answer, checks=CHECKS)
        except FailureGroup as group:
            found.update(f"{answer.status_code} {error.title}: {error.message[:300]}" for error in group.exceptions)

    ask()
    label = f"{operation.method.upper()} {operation.path}"
    yield from (f"{label}: {text}" for text in sorted(found))


@pytest.mark.quality("X03")
@pytest.mark.django_db
@pytest.mark.parametrize("role", ROLES)
def test_every_answer_is_one_that_the_document_knows(
    role: str, people: dict[str, User | None], values: dict[str, Any], client: Any
) -> None:
    schema = openapi.from_wsgi("/api/v1/schema/?format=json", application)
    user = people[role]
    headers = {"Authorization": f"Bearer {start_session(user=user).access_token}"} if user else {}
    operations = [result.ok() for result in schema.get_all_operations()]
    assert len(operations) > 100
    wrong = [text for operation in operations for text in failures_of(operation, headers, values)]
    assert wrong == []
    assert schemathesis
