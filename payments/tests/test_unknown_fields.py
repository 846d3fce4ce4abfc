"""Tests that bodies under /orders, /payments and /coupons with unknown fields are refused (quality row V10)."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import User
from courses.models import Course
from payments.models import Coupon, Order, Payment, Refund

pytestmark = [pytest.mark.django_db, pytest.mark.quality("V10")]
Api = Callable[[User | None], APIClient]


def error_of(answer: Any) -> tuple[int, str, str]:
    error = answer.json()["errors"][0]
    return answer.status_code, error["code"], error["attr"]


@pytest.mark.parametrize("field", ["coupon_code", "amount", "status", "currency", "discount", "id", "user_id"])
def test_an_order_with_an_unknown_field_is_refused(field: str, carol: User, paid_course: Course, api_of: Api) -> None:
    answer = api_of(carol).post("/api/v1/orders/", {"course_id": str(paid_course.pk), field: None})
    assert error_of(answer) == (400, "unknown_field", field)
    assert not Order.objects.exists()


def test_every_unknown_field_has_an_error(carol: User, paid_course: Course, api_of: Api) -> None:
    answer = api_of(carol).post("/api/v1/orders/", {"course_id": str(paid_course.pk), "amount": 1, "a.b": 2})
    assert [(error["code"], error["attr"]) for error in answer.json()["errors"]] == [
        ("unknown_field", "amount"),
        ("unknown_field", "a.b"),
    ]


@pytest.mark.parametrize("field", ["amount", "currency", "card"])
def test_an_intent_request_with_a_field_is_refused(field: str, order: Order, api_of: Api) -> None:
    path = f"/api/v1/payments/create-intent/{order.pk}"
    assert error_of(api_of(order.user).post(path, {field: 1})) == (400, "unknown_field", field)
    assert api_of(order.user).post(path).status_code == 200
    assert api_of(order.user).post(path, {}).status_code == 200


def test_a_sandbox_payment_with_an_unknown_field_is_refused(order: Order, api_of: Api) -> None:
    path = f"/api/v1/payments/sandbox/{order.stripe_payment_intent_id}/confirm"
    answer = api_of(order.user).post(path, {"card": "succeeds", "amount": 1})
    assert error_of(answer) == (400, "unknown_field", "amount")


@pytest.mark.parametrize("field", ["status", "currency", "refund_amount", "order_id"])
def test_a_refund_with_an_unknown_field_is_refused(field: str, paid: Payment, dan: User, api_of: Api) -> None:
    answer = api_of(dan).post(f"/api/v1/payments/{paid.pk}/refund", {"amount": 100, field: "x"})
    assert error_of(answer) == (400, "unknown_field", field)
    assert not Refund.objects.exists()


@pytest.mark.parametrize("field", ["percent", "uses", "id", "created_at", "amount", "status"])
def test_a_coupon_with_an_unknown_field_is_refused(field: str, dan: User, api_of: Api) -> None:
    answer = api_of(dan).post("/api/v1/coupons/", {"code": "NEW", "percent_off": 10, field: 5})
    assert error_of(answer) == (400, "unknown_field", field)
    coupon = Coupon.objects.create(code="OLD", percent_off=10)
    answer = api_of(dan).patch(f"/api/v1/coupons/{coupon.pk}", {"percent_off": 50, field: 5})
    assert error_of(answer) == (400, "unknown_field", field)
    coupon.refresh_from_db()
    assert (Coupon.objects.count(), coupon.percent_off) == (1, 10)
