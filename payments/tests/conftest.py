"""Fixtures of payment tests: a local Stripe sandbox, and events with valid signatures."""

import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from django.conf import settings as django_settings
from django.test import Client

from accounts.models import User
from courses.models import Course
from payments import checkout, stripe_client, webhooks
from payments.models import Order, Payment
from tools.ports import free_port
from tools.stripe_sandbox import process

WEBHOOK = "/api/v1/payments/webhook"


@pytest.fixture(scope="session")
def _stripe_process() -> Iterator[str]:
    with process.run_sandbox(free_port(), event_delay=0) as address:
        yield address


@pytest.fixture
def stripe_host(_stripe_process: str, settings: Any) -> Iterator[str]:
    """Point the site at an empty Stripe sandbox, which sends no events unless a test sets the endpoint."""
    settings.STRIPE_API_HOST = _stripe_process
    requests.delete(f"{_stripe_process}/_config/data", timeout=5)
    requests.delete(f"{_stripe_process}/_config/webhooks", timeout=5)
    requests.post(f"{_stripe_process}/_config/faults", json={"delay": 0}, timeout=5)
    yield _stripe_process
    requests.post(f"{_stripe_process}/_config/faults", json={"delay": 0}, timeout=5)


def signature(body: bytes, *, at: float | None = None, secret: str | None = None) -> str:
    """Sign a body as Stripe does."""
    moment = int(at if at is not None else time.time())
    key = secret if secret is not None else django_settings.STRIPE_WEBHOOK_SECRET
    digest = hmac.new(key.encode(), b"%d.%s" % (moment, body), hashlib.sha256).hexdigest()
    return f"t={moment},v1={digest}"


def event(event_type: str, stripe_object: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return an event about a Stripe object."""
    return {
        "id": f"evt_{uuid.uuid4().hex}", "object": "event", "type": event_type, "livemode": False,
        "created": int(time.time()), "data": {"object": stripe_object}, **fields,
    }  # fmt: skip


def deliver(data: dict[str, Any], client: Client | None = None, **headers: str) -> Any:
    """Post an event to the webhook with a good signature."""
    body = json.dumps(data).encode()
    signed = {"HTTP_STRIPE_SIGNATURE": signature(body), **headers}
    return (client or Client()).post(WEBHOOK, body, content_type="application/json", **signed)


def intent_of(order: Order, status: str = "succeeded", **fields: Any) -> dict[str, Any]:
    """Return the PaymentIntent that belongs to an order."""
    return {
        "id": order.stripe_payment_intent_id or f"pi_{order.pk.hex}", "object": "payment_intent",
        "amount": order.amount,
        "amount_received": order.amount if status == "succeeded" else 0, "currency": order.currency.lower(),
        "status": status, "livemode": False, "latest_charge": f"ch_{order.pk.hex}", "payment_method": "pm_1",
        "payment_method_types": ["card"], "metadata": {"order_id": str(order.pk)}, "client_secret": "pi_x_secret_y",
        **fields,
    }  # fmt: skip


def charge_of(order: Order, refunded: int, **fields: Any) -> dict[str, Any]:
    """Return the charge of an order with a refunded total in minor units."""
    return {
        "id": f"ch_{order.pk.hex}", "object": "charge", "amount": order.amount, "amount_refunded": refunded,
        "currency": order.currency.lower(), "paid": True, "payment_intent": intent_of(order)["id"],
        "metadata": {"order_id": str(order.pk)}, **fields,
    }  # fmt: skip


def refund_of(order: Order, amount: int, number: int = 1, **fields: Any) -> dict[str, Any]:
    """Return a refund of an order."""
    return {
        "id": f"re_{order.pk.hex}_{number}", "object": "refund", "amount": amount, "currency": order.currency.lower(),
        "payment_intent": intent_of(order)["id"], "charge": f"ch_{order.pk.hex}", "status": "succeeded",
        "metadata": {}, **fields,
    }  # fmt: skip


def dispute_of(order: Order, status: str = "needs_response") -> dict[str, Any]:
    """Return a dispute of an order's whole payment."""
    return {
        "id": f"dp_{order.pk.hex}", "object": "dispute", "amount": order.amount, "currency": order.currency.lower(),
        "payment_intent": intent_of(order)["id"], "charge": f"ch_{order.pk.hex}", "status": status,
        "reason": "fraudulent",
    }  # fmt: skip


def with_intent(order: Order) -> Order:
    """Store the intent of `intent_of` on an order, as if Stripe had created it."""
    order.stripe_payment_intent_id, order.client_secret = f"pi_{order.pk.hex}", "pi_x_secret_y"
    order.save(update_fields=["stripe_payment_intent_id", "client_secret"])
    return order


@pytest.fixture
def order(carol: User, paid_course: Course) -> Order:
    """Carol's order of the paid course, with its intent."""
    placed, _created = checkout.place_order(actor=carol, course=paid_course)
    return with_intent(placed)


@pytest.fixture
def paid(order: Order) -> Payment:
    """Carol's payment of her order, booked by the webhook."""
    assert deliver(event("payment_intent.succeeded", intent_of(order))).status_code == 200
    return Payment.objects.select_related("order").get(order=order)


@pytest.fixture
def buy(stripe_host: str) -> Callable[..., Order]:
    """Return a function that buys a course in the sandbox; the event is delivered unless `deliver_event` is False."""

    def buy_in_sandbox(user: User, course: Course, card: str = "succeeds", deliver_event: bool = True) -> Order:
        order, _created = checkout.place_order(actor=user, course=course)
        checkout.pay_in_sandbox(actor=user, order=order, card=card)
        order.refresh_from_db()
        if deliver_event:
            intent = stripe_client.retrieve_intent(order.stripe_payment_intent_id or "")
            body = json.dumps(event("payment_intent.succeeded", intent)).encode()
            webhooks.receive_event(body, signature(body))
            order.refresh_from_db()
        return order

    return buy_in_sandbox
