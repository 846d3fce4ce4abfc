"""Tests for the conventions of all API endpoints (docs/api-contract.md, "Conventions")."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from core.http.errors import DomainError
from core.models import IdempotentReply
from courses.models import Course
from enrollments import services
from enrollments.models import Enrollment
from tools.testing.races import run_concurrently


@pytest.mark.parametrize("path", ["courses", "courses/{course}", "courses/{course}/lessons", "categories", "schema"])
def test_every_path_works_with_and_without_a_trailing_slash(path: str, course: Course, api_of: Callable) -> None:
    address = f"/api/v1/{path.format(course=course.pk)}"
    answers = [api_of(None).get(address), api_of(None).get(f"{address}/")]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content


def test_a_post_without_a_trailing_slash_keeps_its_body(bob: User, course: Course, api_of: Callable) -> None:
    assert api_of(bob).post("/api/v1/enrollments", {"course_id": str(course.pk)}).status_code == 201


def test_a_json_body_may_begin_with_a_byte_order_mark(bob: User, course: Course, api_of: Callable) -> None:
    body = b"\xef\xbb\xbf" + json.dumps({"course_id": str(course.pk)}).encode()
    answer = api_of(bob).generic("POST", "/api/v1/enrollments", body, content_type="application/json")
    assert answer.status_code == 201


def test_an_unknown_api_path_is_a_json_404(db: None, api_of: Callable) -> None:
    answer = api_of(None).get("/api/v1/nothing/here")
    assert answer.status_code == 404
    assert answer.json()["errors"][0]["code"] == "not_found"


@pytest.mark.quality("X02")
@pytest.mark.parametrize("debug", [True, False])
def test_404_responses_do_not_depend_on_debug(debug: bool, db: None, settings: Any, client: Any) -> None:
    settings.DEBUG = debug
    for address in ("/api/v1/nothing", "/api/nothing", "/api/v1/courses/x/y/z"):
        answer = client.get(address)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "not_found")
    page = client.get("/courses/nothing/")
    assert (page.status_code, b"DEBUG" in page.content) == (404, False)


def test_public_responses_have_an_etag_and_support_304(course: Course, api_of: Callable) -> None:
    for address in ("/api/v1/courses/", f"/api/v1/courses/{course.pk}", "/courses/", "/"):
        first = api_of(None).get(address)
        assert first["ETag"], address
        again = api_of(None).get(address, headers={"if-none-match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b""), address


def test_responses_that_depend_on_the_user_vary_by_authorization(
    bob: User, enrollment: Enrollment, api_of: Callable
) -> None:
    answer = api_of(bob).get("/api/v1/enrollments/")
    assert "Authorization" in answer["Vary"]


def test_an_invalid_filter_is_a_400_that_names_the_field(course: Course, api_of: Callable) -> None:
    for query, field in (("ordering=best", "ordering"), ("category=none", "category"), ("price_min=x", "price_min")):
        answer = api_of(None).get(f"/api/v1/courses/?{query}")
        assert answer.status_code == 400, query
        assert answer.json()["errors"][0]["attr"] == field


@pytest.mark.parametrize("time_zone", ["UTC", "Asia/Tokyo"])
def test_times_are_in_utc_with_a_z_suffix(time_zone: str, course: Course, api_of: Callable, settings: Any) -> None:
    settings.TIME_ZONE = time_zone
    created_at = api_of(None).get(f"/api/v1/courses/{course.pk}").json()["created_at"]
    assert created_at.endswith("Z")
    assert datetime.fromisoformat(created_at) == course.created_at


def test_years_before_1000_are_padded_to_four_digits(dan: User, api_of: Callable) -> None:
    sent = {"code": "ROME", "percent_off": 5, "valid_from": "0178-10-10T11:15:35Z"}
    answer = api_of(dan).post("/api/v1/coupons/", sent)
    assert (answer.status_code, answer.json()["valid_from"]) == (201, "0178-10-10T11:15:35Z")


def test_an_unsupported_method_is_a_405_in_the_error_format(course: Course, alice: User, api_of: Callable) -> None:
    answer = api_of(alice).delete("/api/v1/courses/")
    assert answer.status_code == 405
    assert answer.json()["errors"][0]["code"] == "method_not_allowed"


@pytest.mark.parametrize("method", ["POST", "OPTIONS"])
@pytest.mark.parametrize("page", ["docs", "redoc"])
def test_the_documentation_pages_answer_405_to_other_methods(page: str, method: str, db: None, client: Client) -> None:
    answer = client.generic(method, f"/api/v1/{page}/")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (405, "method_not_allowed")


def enroll(client: APIClient, course: Course, key: str, **more: Any) -> Any:
    body = {"course_id": str(course.pk), **more}
    return client.post("/api/v1/enrollments/", body, headers={"idempotency-key": key})


def test_a_repeated_idempotency_key_returns_the_first_response(bob: User, course: Course, api_of: Callable) -> None:
    client = api_of(bob)
    first, again = enroll(client, course, "k1"), enroll(client, course, "k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert again["Idempotent-Replay"] == "true"
    assert enroll(client, course, "k2").status_code == 409
    body = {"course_id": str(course.pk)}
    without_slash = client.post("/api/v1/enrollments", body, headers={"idempotency-key": "k1"})
    assert without_slash.json() == first.json()


def test_an_idempotency_key_belongs_to_one_body_and_one_user(
    bob: User, carol: User, course: Course, api_of: Callable
) -> None:
    assert enroll(api_of(bob), course, "k1").status_code == 201
    reused = enroll(api_of(bob), course, "k1", payment_id=None)
    assert (reused.status_code, reused.json()["errors"][0]["code"]) == (409, "idempotency_key_reused")
    assert enroll(api_of(carol), course, "k1").status_code == 201


@pytest.mark.quality("V14")
def test_a_conflict_frees_the_idempotency_key(bob: User, course: Course, api_of: Callable) -> None:
    client = api_of(bob)
    enrollment = Enrollment.objects.get(pk=enroll(client, course, "k1").json()["id"])
    refused = enroll(client, course, "k2")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "already_enrolled")
    enrollment.delete()
    again = enroll(client, course, "k2")
    assert (again.status_code, "Idempotent-Replay" in again) == (201, False)


@pytest.mark.quality("V14")
@pytest.mark.parametrize(
    ("status", "is_replayed"), [(400, True), (403, True), (409, False), (429, False), (503, False)]
)
def test_only_a_final_refusal_is_stored_for_its_idempotency_key(
    status: int, is_replayed: bool, bob: User, course: Course, api_of: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_kwargs: Any) -> None:
        raise DomainError("refused", "Refused.", status=status, retry_after=1)

    client = api_of(bob)
    client.raise_request_exception = False
    with monkeypatch.context() as refusing:
        refusing.setattr(services, "enroll", refuse)
        assert enroll(client, course, "k1").status_code == status
    again = enroll(client, course, "k1")
    assert again.status_code == (status if is_replayed else 201)
    assert ("Idempotent-Replay" in again) == is_replayed


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_with_one_key_act_once(bob: User, course: Course, api_of: Callable) -> None:
    clients = [api_of(bob) for _ in range(10)]
    answers = run_concurrently(10, lambda number: enroll(clients[number], course, "k1"))
    codes = sorted(answer.status_code for answer in answers)
    assert set(codes) <= {201, 409}
    assert {a.json()["errors"][0]["code"] for a in answers if a.status_code == 409} <= {"idempotency_in_progress"}
    assert Enrollment.objects.count() == 1
    assert IdempotentReply.objects.get().status == 201


def test_the_openapi_document_is_valid_and_complete(db: None, tmp_path: Any) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))


def test_the_api_documentation_loads_no_external_files(db: None, client: Any) -> None:
    for page in ("docs", "redoc"):
        html = client.get(f"/api/v1/{page}/").content.decode()
        assert "https://cdn" not in html
        assert "/static/drf_spectacular_sidecar/" in html
