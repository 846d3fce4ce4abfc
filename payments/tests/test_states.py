"""Tests of the transition table of orders, and of orders that change while Stripe is called."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from courses.models import Course
from payments import checkout, order_updates, refunds, stripe_client
from payments.errors import PaymentError
from payments.models import Order, Payment
from payments.states import ORDER, OrderState
from payments.tests.conftest import intent_of
from tools.testing.plugin import buy_course
from tools.testing.transitions import assert_follows, every_case

pytestmark = pytest.mark.quality("V06")


def pay(order: Order) -> Order:
    return checkout.create_intent(actor=order.user, order=order)


def update(order: Order) -> Order:
    return checkout.apply_intent(order, intent_of(order, latest_charge=None))


@transaction.atomic
def fail(order: Order) -> None:
    order_updates.fail_order(order_updates.lock_order(order.pk), intent_canceled=False)


def refund(order: Order) -> Payment:
    payment = Payment.objects.filter(order=order).first() or Payment(order=order)
    return refunds.refund_payment(actor=User.objects.get(email="dan@example.com"), payment=payment)


OPERATIONS: dict[str, Callable[[Order], Any]] = {"pay": pay, "update": update, "fail": fail, "refund": refund}


@pytest.fixture
def _stripe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace Stripe's API with one that accepts every request."""
    monkeypatch.setattr(stripe_client, "create_intent", lambda order: intent_of(order, "requires_payment_method"))
    monkeypatch.setattr(
        stripe_client,
        "create_refund",
        lambda refund, _intent: {
            "id": "re_1", "amount": refund.amount, "currency": refund.currency.lower(), "status": "succeeded",
            "metadata": {"refund_id": str(refund.pk)},
        },
    )  # fmt: skip


def order_in(state: OrderState, user: User, course: Course) -> Order:
    """Return an order in a state, with an intent."""
    if state in (OrderState.COMPLETED, OrderState.REFUNDED):
        price = course.price_cents
        return buy_course(user, course, refunded=price if state == OrderState.REFUNDED else 0)
    order, _created = checkout.place_order(actor=user, course=course)
    fields: dict[str, Any] = {"stripe_payment_intent_id": f"pi_{order.pk.hex}"}
    if state == OrderState.EXPIRED:
        fields["expires_at"] = timezone.now() - timedelta(minutes=1)
    Order.objects.filter(pk=order.pk).update(**fields)
    if state == OrderState.FAILED:
        fail(order)
    return Order.objects.get(pk=order.pk)


@pytest.mark.usefixtures("dan", "_stripe")
@pytest.mark.parametrize(("operation", "state"), every_case(ORDER))
def test_every_operation_on_every_state_of_an_order(
    bob: User, paid_course: Course, operation: str, state: OrderState
) -> None:
    order = order_in(state, bob, paid_course)
    assert_follows(
        ORDER, operation, state, lambda: OPERATIONS[operation](order), lambda: Order.objects.get(pk=order.pk).state
    )


def test_an_order_refunded_after_it_was_read_gets_no_intent(
    bob: User, paid_course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests: list[Order] = []
    monkeypatch.setattr(stripe_client, "create_intent", lambda order: requests.append(order) or intent_of(order))
    order, _created = checkout.place_order(actor=bob, course=paid_course)
    checkout.apply_intent(order, intent_of(order, latest_charge={"id": "ch_1", "amount_refunded": order.amount}))
    with pytest.raises(PaymentError) as refused:
        pay(order)
    assert (refused.value.code, requests) == ("already_paid", [])


def test_an_order_paid_while_its_intent_is_created_is_rejected(
    bob: User, paid_course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    order, _created = checkout.place_order(actor=bob, course=paid_course)

    def paid_meanwhile(order: Order) -> dict[str, Any]:
        update(order)
        return intent_of(order)

    monkeypatch.setattr(stripe_client, "create_intent", paid_meanwhile)
    with pytest.raises(PaymentError) as refused:
        pay(order)
    assert refused.value.code == "already_paid"
    assert Order.objects.get().client_secret == ""
