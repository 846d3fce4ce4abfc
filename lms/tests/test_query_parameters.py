"""Tests that every documented query parameter of the API has an effect."""

from collections.abc import Iterator
from typing import Any

from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from accounts.models import User
from enrollments.models import Enrollment
from lms.tests.access_fixtures import people, the_world, values
from lms.tests.test_openapi import headers_of, real

__all__ = ["people", "the_world", "values"]  # fixtures

# The size of a page has no wrong values: it is capped.
EXCLUDED = {"page_size"}
SAMPLES: dict[str, list[str]] = {
    "uuid": ["00000000-0000-4000-8000-000000000000"],
    "date": ["1990-01-01", "2090-01-01"],
    "date-time": ["1990-01-01T00:00:00Z", "2090-01-01T00:00:00Z"],
    "boolean": ["true", "false"],
    "integer": ["0", "999999"],
    "number": ["0", "999999"],
}


def samples(schema: dict[str, Any]) -> list[str]:
    """Return valid values of a parameter, of which at least one should change the response."""
    schema = schema.get("items", schema)
    if "enum" in schema:
        return [str(value) for value in schema["enum"]]
    return SAMPLES.get(schema.get("format", ""), SAMPLES.get(schema.get("type", ""), ["zzqqx"]))


def documented_parameters(values: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, str]]]:
    """Yield path, query parameter and the required query of all GET operations, with ids of existing objects."""
    for path, operations in SchemaGenerator().get_schema(public=True)["paths"].items():
        if path == "/api/v1/schema/":
            continue
        parameters = operations.get("get", {}).get("parameters", [])
        ids = {one["name"]: real(one["name"], values) for one in parameters if one["in"] == "path"}
        queries = [one for one in parameters if one["in"] == "query"]
        required = {one["name"]: samples(one["schema"])[0] for one in queries if one.get("required")}
        for parameter in queries:
            if parameter["name"] not in EXCLUDED:
                yield path.format(**ids), parameter, required


def has_effect(path: str, required: dict[str, str], query: dict[str, str], people: dict[str, User | None]) -> bool:
    """Return whether a user's response differs from the one without the query, or is an error."""
    for user in people.values():
        client: Any = Client(headers=headers_of(user))
        plain = client.get(path, required)
        if plain.status_code == 200 and content_of(client.get(path, {**required, **query})) != content_of(plain):
            return True
    return False


def content_of(response: Any) -> bytes:
    return b"".join(response)


def test_every_documented_query_parameter_changes_the_response(
    people: dict[str, User | None], values: dict[str, Any]
) -> None:
    Enrollment.objects.create(user=people["carol"], course_id=values["course"], is_active=False)  # two to sort
    found = list(documented_parameters(values))
    assert len(found) > 40
    without_effect = [
        f"{path} {parameter['name']}"
        for path, parameter, required in found
        if not any(
            has_effect(path, required, {parameter["name"]: value}, people) for value in samples(parameter["schema"])
        )
        or not has_effect(path, required, {parameter["name"]: "zzqqx"}, people)
    ]
    assert not without_effect, "\n".join(without_effect)
