"""Tests of the number of queries of the lists."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import User
from payments.models import Coupon
from tools.testing.plugin import buy_course, make_course

pytestmark = pytest.mark.django_db


def count_queries(client: Any, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return len(captured)


def create_rows(bob: User, alice: User, start: int, end: int) -> None:
    for number in range(start, end):
        buy_course(bob, make_course(alice, f"Course {number}", lessons=1, price_cents=100))
        Coupon.objects.create(code=f"C{number:02}", percent_off=10).courses.add(alice.courses.first())


def test_every_list_runs_the_same_number_of_queries_for_2_and_20_rows(
    alice: User,
    bob: User,
    dan: User,
    browser_of: Callable[[User], Client],
    api_of: Callable[[User], APIClient],
) -> None:
    User.objects.filter(pk=dan.pk).update(is_superuser=True)
    lists = {
        "/orders/": browser_of(bob), "/api/v1/orders/": api_of(bob), "/api/v1/payments/": api_of(bob),
        "/api/v1/coupons/": api_of(dan), "/admin/payments/order/": browser_of(dan),
    }  # fmt: skip
    create_rows(bob, alice, 0, 2)
    few = {path: count_queries(client, path) for path, client in lists.items()}
    create_rows(bob, alice, 2, 20)
    many = {path: count_queries(client, path) for path, client in lists.items()}
    assert few == many
    assert {path: count for path, count in many.items() if count > 8 and "admin" not in path} == {}
