"""Tests that malformed input is rejected with a 4xx in the error format, and not stored (quality row X03)."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from tools.testing.urls import list_paths

BODIES = {
    "not JSON": b"{",
    "deep nesting": b"[" * 100_000,
    "deep objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "NUL byte": json.dumps({"email": "a\0b@example.com", "title": "a\0b", "lesson_id": "\0"}).encode(),
    "lone surrogate": b'{"email": "\\ud800@example.com", "title": "\\ud800", "password": "\\udfff"}',
    "NaN": b'{"price": NaN, "rating": NaN, "position_seconds": NaN}',
    "infinity": b'{"price": 1e999, "rating": Infinity}',
    "wrong types": b'{"email": [], "password": {}, "title": ["t"], "full_name": {}, "course_id": true, "lesson_id": {},'
    b' "rating": "ten"}',
    "a list": b"[1, 2, 3]",
    "a string": b'"text"',
    "null": b"null",
    "not UTF-8": b'{"title": "\xff\xfe"}',
    "huge number": b'{"position_seconds": 99999999999999999999999999, "rating": 1' + b"0" * 400 + b"}",
    "empty": b"",
}
# These support only GET, and respond in YAML and HTML.
DOCUMENTS = ("/api/v1/schema/", "/api/v1/docs/", "/api/v1/redoc/")
QUERIES = [
    "search=%00",
    "page=0",
    "page=x",
    "page_size=-1",
    "search=" + "q" * 10_000,
    "price_min=NaN",
    "category=%F0%28",
]


def is_of_the_one_shape(body: dict[str, Any]) -> bool:
    return body.keys() == {"type", "errors"} and all(
        error.keys() == {"code", "detail", "attr"} for error in body["errors"]
    )


@pytest.mark.quality("X03")
@pytest.mark.parametrize("name", BODIES)
def test_no_malformed_body_causes_a_server_error(
    name: str, alice: User, course: Course, enrollment: Enrollment, api_of: Callable[[User], APIClient]
) -> None:
    before = (User.objects.count(), Course.objects.count(), Enrollment.objects.count())
    client = api_of(alice)
    client.raise_request_exception = False
    answers: dict[str, int] = {}
    for path in list_paths("/api/v1/", course=course, enrollment=enrollment):
        if path in DOCUMENTS:
            continue
        for method in ("post", "put", "patch"):
            answer = client.generic(method.upper(), path, BODIES[name], content_type="application/json")
            answers[f"{method} {path}"] = answer.status_code
            if answer.status_code >= 400:
                assert is_of_the_one_shape(answer.json()), (method, path, answer.content)
    failures = {request: status for request, status in answers.items() if status >= 500}
    assert not failures
    assert (User.objects.count(), Course.objects.count(), Enrollment.objects.count()) == before


@pytest.mark.quality("X03")
@pytest.mark.parametrize("query", QUERIES)
def test_no_malformed_query_causes_a_server_error(
    query: str, alice: User, course: Course, enrollment: Enrollment, browser_of: Callable[[User], Client]
) -> None:
    client = browser_of(alice)
    client.raise_request_exception = False
    answers = {
        path: client.get(f"{path}?{query}").status_code
        for path in list_paths("/", course=course, enrollment=enrollment)
    }
    assert {path: status for path, status in answers.items() if status >= 500 and path != "/readyz"} == {}


@pytest.mark.quality("X03")
@pytest.mark.parametrize("bad_id", ["7", "x" * 300, "00000000-0000-0000-0000-00000000000g", "%27%20OR%201=1"])
def test_a_malformed_id_is_a_404(bad_id: str, alice: User, api_of: Callable[[User], APIClient]) -> None:
    client = api_of(alice)
    for resource in ("courses", "enrollments", "certificates", "instructors", "notifications"):
        tail = "/read" if resource == "notifications" else ""
        answer = client.generic("POST" if tail else "GET", f"/api/v1/{resource}/{bad_id}{tail}")
        assert answer.status_code == 404, (resource, answer.content)


@pytest.mark.quality("X03")
def test_an_unsupported_content_type_is_a_415(api_of: Callable[[User | None], APIClient], db: None) -> None:
    answer = api_of(None).generic("POST", "/api/v1/auth/token", b"<email/>", content_type="application/xml")
    assert answer.status_code == 415
    assert is_of_the_one_shape(answer.json())


@pytest.mark.quality("X03")
def test_an_oversized_body_is_a_413(api_of: Callable[[User | None], APIClient], db: None) -> None:
    body = b'{"email": "' + b"a" * 3_000_000 + b'"}'
    answer = api_of(None).generic("POST", "/api/v1/auth/token", body, content_type="application/json")
    assert answer.status_code == 413
    assert is_of_the_one_shape(answer.json())
