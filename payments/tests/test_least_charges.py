"""Amounts below the least that Stripe charges: refused when they are entered, free where a coupon leads to one."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from core.text import money
from courses.models import Course
from payments import checkout
from payments.models import Coupon, OrderStatus
from tools.testing.plugin import make_course

Api = Callable[[User], APIClient]


def test_every_currency_has_a_least_charge_that_can_be_charged() -> None:
    assert money.LEAST_CHARGES.keys() == set(money.CURRENCIES)
    assert all(money.round_to_chargeable(least, code) == least for code, least in money.LEAST_CHARGES.items())
    assert all(money.round_to_chargeable(least - 1, code) == 0 for code, least in money.LEAST_CHARGES.items())


@pytest.mark.parametrize(
    ("price", "currency", "status"),
    [("0.49", "EUR", 400), ("0.50", "EUR", 200), ("0", "EUR", 200), ("49", "JPY", 400), ("2.99", "SEK", 400)],
)
def test_a_price_that_stripe_does_not_charge_is_refused(
    price: str, currency: str, status: int, alice: User, course: Course, api_of: Api, browser_of: Callable[..., Client]
) -> None:
    answer = api_of(alice).patch(f"/api/v1/courses/{course.pk}", {"price": price, "currency": currency})
    assert answer.status_code == status, answer.json()
    if status == 400:
        (error,) = answer.json()["errors"]
        assert (error["attr"], error["code"]) == ("price", "price_too_low")
        fields = {"title": "Tea", "short_description": "Tea", "level": "beginner", "price": price, "currency": currency}
        page = browser_of(alice).post(f"/teach/courses/{course.slug}/details/", fields)
        assert "The lowest price in" in str(page.context["form"].errors["price"])
    course.refresh_from_db()
    assert course.price_cents in (0, 50)


def test_a_title_can_change_while_an_older_price_is_too_low(alice: User, course: Course, api_of: Api) -> None:
    Course.objects.filter(pk=course.pk).update(price_cents=10)
    assert api_of(alice).patch(f"/api/v1/courses/{course.pk}", {"title": "Green tea"}).status_code == 200


def test_an_order_that_a_coupon_reduces_below_the_least_charge_is_free(
    carol: User, paid_course: Course, stripe_host: str
) -> None:
    Coupon.objects.create(code="ALMOST", percent_off=99)
    order, _created = checkout.place_order(actor=carol, course=paid_course, coupon_code="ALMOST")
    assert (order.amount, order.discount, order.status) == (0, 4900, OrderStatus.COMPLETED)
    assert paid_course.enrollments.filter(user=carol).exists()


@pytest.mark.parametrize(("percent", "is_accepted"), [(99, False), (98, True), (100, True)])
def test_a_coupon_that_leaves_too_little_of_its_course_is_refused(
    percent: int, is_accepted: bool, alice: User, dan: User, api_of: Api, browser_of: Callable[..., Client]
) -> None:
    course = make_course(alice, "Cups", price_cents=4900)
    body: dict[str, Any] = {"code": "CUPS", "percent_off": percent, "course_ids": [str(course.pk)]}
    answer = api_of(dan).post("/api/v1/coupons/", body, format="json")
    assert answer.status_code == (201 if is_accepted else 400)
    if not is_accepted:
        (error,) = answer.json()["errors"]
        assert (error["attr"].split(".")[0], error["code"]) == ("course_ids", "leaves_too_little")
    fields = {
        "code": "CUPS2", "percent_off": str(percent), "courses": [str(course.pk)],
        "valid_from_0": "2026-01-01", "valid_from_1": "00:00",
    }  # fmt: skip
    page = browser_of(dan).post("/admin/payments/coupon/add/", fields)
    assert page.status_code == (302 if is_accepted else 200)
    assert Coupon.objects.filter(code="CUPS2").exists() is is_accepted
