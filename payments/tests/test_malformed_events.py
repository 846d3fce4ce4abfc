"""Tests of signed events that are malformed or contradict themselves, and of odd signatures (quality row V10)."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from enrollments.models import Enrollment
from payments import webhooks
from payments.models import LedgerEntry, Order, Outcome, Payment, StripeEvent
from payments.tests.conftest import (
    WEBHOOK,
    charge_of,
    deliver,
    dispute_of,
    event,
    intent_of,
    refund_of,
    signature,
)
from tools.testing.module_data import rolled_back

pytestmark = [pytest.mark.django_db, pytest.mark.quality("V10")]

Path = tuple[str | int, ...]
Mutation = tuple[int, int, Any]

MISSING = "<missing>"
VALUES: list[Any] = [
    MISSING, None, True, False, 0, 1, -1, 4900, 2**63, 10**30, 1.5, 1e300, "", "x", "é", "eur", "x" * 300,
    "00000000-0000-0000-0000-000000000001", [], [None], [[]], ["x"], {}, {"id": 1}, {"id": "x"}, {"data": [1]},
]  # fmt: skip


def real_events(order: Order) -> list[dict[str, Any]]:
    """Return one event of each handled type, with the optional and the expanded fields."""
    fee = {"id": "txn_1", "fee": 100, "currency": "eur"}
    expanded = {"id": "ch_1", "amount_refunded": 0, "balance_transaction": fee}
    failed = {"last_payment_error": {"message": "Declined."}, "latest_charge": None}
    requested = {"metadata": {"order_id": str(order.pk), "refund_id": "00000000-0000-0000-0000-000000000001"}}
    refunds = {"data": [refund_of(order, 100)]}
    return [
        event("payment_intent.succeeded", intent_of(order)),
        event("payment_intent.succeeded", intent_of(order, latest_charge=expanded)),
        event("payment_intent.payment_failed", intent_of(order, "requires_payment_method", **failed)),
        event("payment_intent.canceled", intent_of(order, "canceled")),
        event("charge.refunded", charge_of(order, 100, refunds=refunds)),
        event("refund.created", refund_of(order, 100, **requested)),
        event("charge.refund.updated", refund_of(order, 100, status="failed")),
        *(
            event(f"charge.dispute.{kind}", dispute_of(order))
            for kind in ("created", "closed", "funds_withdrawn", "funds_reinstated")
        ),
        event("customer.created", {"id": "cus_1", "object": "customer"}),
    ]


def paths_of(value: Any, prefix: Path = ()) -> Iterator[Path]:
    """Yield the path of each field and item below a value."""
    names = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for name in names:
        yield (*prefix, name)
        yield from paths_of(value[name], (*prefix, name))


def mutated(data: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """Return a copy with another value at the path, or without it."""
    data = copy.deepcopy(data)
    parent: Any = data
    for name in path[:-1]:
        parent = parent[name]
    if value == MISSING:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return data


def status_of(data: Any, paid: bool) -> int:
    """Return the status of the response to an event, before or after the order is paid; undo everything."""
    client = Client(raise_request_exception=False)
    with rolled_back():
        if paid:
            order = Order.objects.get()
            assert deliver(event("payment_intent.succeeded", intent_of(order)), client).status_code == 200
        return int(deliver(data, client).status_code)


@pytest.mark.parametrize("number", range(12))
def test_a_real_event_is_accepted(number: int, order: Order) -> None:
    assert [status_of(real_events(order)[number], paid) for paid in (False, True)] == [200, 200]


@pytest.mark.long
@pytest.mark.parametrize("number", range(12))
def test_a_missing_null_or_wrong_field_is_never_a_server_error(number: int, order: Order) -> None:
    data = real_events(order)[number]
    for path in paths_of(data):
        for value in (MISSING, None, 7, "x", [], {}, True):
            status = status_of(mutated(data, path, value), paid=number > 3)
            assert status in (200, 400), (path, value, status)


def test_mutated_events_are_never_a_server_error(order: Order) -> None:
    events = real_events(order)

    @given(
        number=st.integers(0, len(events) - 1),
        choices=st.lists(st.tuples(st.integers(0, 99), st.sampled_from(VALUES) | st.text()), min_size=1, max_size=3),
        paid=st.booleans(),
    )
    @settings(max_examples=150, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def check(number: int, choices: list[tuple[int, Any]], paid: bool) -> None:
        data = events[number]
        for index, value in choices:
            paths = list(paths_of(data))
            if paths:
                data = mutated(data, paths[index % len(paths)], value)
        assert status_of(data, paid) in (200, 400)

    check()


@pytest.mark.parametrize(
    "text",
    ['"\\u0000"', '"\\ud800"', "NaN", "Infinity", "1e999", "[" * 40 + "]" * 40, "9" * 5000],
    ids=["nul", "surrogate", "nan", "infinity", "large float", "deep", "large integer"],
)
def test_json_that_the_database_cannot_store_is_refused(text: str, order: Order) -> None:
    data = event("payment_intent.succeeded", intent_of(order, description="here"))
    body = json.dumps(data).replace('"here"', text).encode()
    answer = Client(raise_request_exception=False).post(
        WEBHOOK, body, content_type="application/json", HTTP_STRIPE_SIGNATURE=signature(body)
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "bad_event")
    assert not StripeEvent.objects.exists()


@given(st.text(max_size=40))
@example("t={now},v1=äö")
@example("t={now},v1=\xff")
@example("t={now},v1=" + "0" * 64)
@example("t=" + "9" * 5000 + ",v1=a")
@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
def test_any_other_signature_is_refused(text: str) -> None:
    now = signature(b"{}").split(",")[0].removeprefix("t=")
    header = text.replace("{now}", now)
    answer = Client(raise_request_exception=False).post(
        WEBHOOK, b"{}", content_type="application/json", HTTP_STRIPE_SIGNATURE=header
    )
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "bad_signature")


def assert_without_effect(order: Order) -> None:
    order.refresh_from_db()
    assert (order.status, bool(order.flag)) == ("pending", True)
    assert StripeEvent.objects.get().outcome == Outcome.MISMATCH
    assert not any(model.objects.exists() for model in (Payment, LedgerEntry, Enrollment))


@pytest.mark.parametrize(("inside", "outside"), [(True, False), (False, True), (None, False), ("false", False)])
def test_an_event_whose_livemodes_differ_has_no_effect(inside: Any, outside: bool, order: Order) -> None:
    """The answer is 200: Stripe would repeat a refused event for days, and it would never match."""
    assert (
        deliver(event("payment_intent.succeeded", intent_of(order, livemode=inside), livemode=outside)).status_code
        == 200
    )
    assert_without_effect(order)


@pytest.mark.parametrize("make", [charge_of, refund_of], ids=["charge", "refund"])
def test_a_refund_whose_livemodes_differ_has_no_effect(make: Callable[..., dict[str, Any]], order: Order) -> None:
    event_type = "charge.refunded" if make is charge_of else "refund.created"
    assert deliver(event(event_type, make(order, 100, livemode=True))).status_code == 200
    assert_without_effect(order)
    assert not order.refunds.exists()


@pytest.mark.parametrize(
    ("event_type", "change"),
    [
        ("payment_intent.succeeded", {"object": "charge"}),
        ("payment_intent.canceled", {"status": "succeeded"}),
        ("payment_intent.succeeded", {"status": "canceled"}),
    ],
)
def test_an_event_whose_type_and_object_differ_has_no_effect(
    event_type: str, change: dict[str, Any], order: Order
) -> None:
    assert deliver(event(event_type, intent_of(order, **change))).status_code == 200
    assert_without_effect(order)


def test_an_event_about_an_unknown_intent_is_stored(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(stripe_payment_intent_id=None)
    unknown = {"id": "pi_unknown", "metadata": {"order_id": "00000000-0000-0000-0000-000000000001"}}
    for stripe_object in (intent_of(order, **unknown), intent_of(order, **unknown | {"metadata": None})):
        assert deliver(event("payment_intent.succeeded", stripe_object)).status_code == 200
    assert set(StripeEvent.objects.values_list("outcome", flat=True)) == {"unknown"}
    assert webhooks.apply_unknown_events() == 0


def test_a_stored_event_that_cannot_be_applied_does_not_block_the_others(order: Order) -> None:
    refund = refund_of(order, 100)
    Order.objects.filter(pk=order.pk).update(stripe_payment_intent_id=None)
    assert deliver(event("refund.created", refund)).status_code == 200
    malformed = StripeEvent.objects.get()
    malformed.pk, malformed.payload["data"]["object"] = "evt_malformed", {**refund, "amount": "x"}
    malformed.received_at = malformed.received_at.replace(microsecond=0)
    malformed.save(force_insert=True)
    Order.objects.filter(pk=order.pk).update(stripe_payment_intent_id=refund["payment_intent"])
    assert webhooks.apply_unknown_events() == 1
    malformed.refresh_from_db()
    assert malformed.outcome == Outcome.MISMATCH
    assert order.refunds.count() == 1


def test_an_event_that_violates_a_constraint_is_refused_and_not_stored(order: Order, alice: Any, bob: Any) -> None:
    """A refund belongs to one order; an event that gives it to another one changes nothing."""
    other = Order.objects.create(
        user=bob, course=order.course, course_title="x", list_amount=4900, amount=4900, currency="EUR",
        expires_at=order.expires_at, stripe_payment_intent_id="pi_other",
    )  # fmt: skip
    assert deliver(event("refund.created", refund_of(order, 100))).status_code == 200
    forged = event("refund.created", {**refund_of(order, 100), "payment_intent": "pi_other"})
    answer = deliver(forged, Client(raise_request_exception=False))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "bad_event")
    assert (StripeEvent.objects.count(), other.refunds.count()) == (1, 0)
