"""What payment tests stand on: a Stripe of their own, and events signed as Stripe signs them."""

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
from lms.lib.ports import free_port
from payments import checkout, events, gateway, sandbox
from payments.models import Order, Payment

WEBHOOK = "/api/v1/payments/webhook"


@pytest.fixture(scope="session")
def _stripe_process() -> Iterator[str]:
    with sandbox.running(free_port(), event_delay=0) as address:
        yield address


@pytest.fixture
def stripe_host(_stripe_process: str, settings: Any) -> Iterator[str]:
    """An empty stand-in for Stripe, which the site asks; it sends no events unless a test says where to."""
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


def event(kind: str, thing: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return an event about an object of Stripe's."""
    return {
        "id": f"evt_{uuid.uuid4().hex}", "object": "event", "type": kind, "livemode": False,
        "created": int(time.time()), "data": {"object": thing}, **fields,
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
    """Return the charge of an order of which so much was given back."""
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
    """Give an order the intent that `intent_of` speaks of, as if Stripe had made it."""
    order.stripe_payment_intent_id, order.client_secret = f"pi_{order.pk.hex}", "pi_x_secret_y"
    order.save(update_fields=["stripe_payment_intent_id", "client_secret"])
    return order


@pytest.fixture
def order(carol: User, paid_course: Course) -> Order:
    """Carol's order of the paid course, with its intent."""
    placed, _made = checkout.place_order(actor=carol, course=paid_course)
    return with_intent(placed)


@pytest.fixture
def paid(order: Order) -> Payment:
    """Carol's payment of it, as the webhook books it."""
    assert deliver(event("payment_intent.succeeded", intent_of(order))).status_code == 200
    return Payment.objects.select_related("order").get(order=order)


@pytest.fixture
def buy(stripe_host: str) -> Callable[..., Order]:
    """Return a function that buys a course at the stand-in, whose event is then delivered."""

    def bought(user: User, course: Course, card: str = "succeeds", told: bool = True) -> Order:
        order, _made = checkout.place_order(actor=user, course=course)
        checkout.pay_in_sandbox(actor=user, order=order, card=card)
        order.refresh_from_db()
        if told:
            intent = gateway.retrieve_intent(order.stripe_payment_intent_id or "")
            body = json.dumps(event("payment_intent.succeeded", intent)).encode()
            events.receive(body, signature(body))
            order.refresh_from_db()
        return order

    return bought
