"""Experiments 8, 8b and 11: events all at once and in every order, ten refunds at once, a webhook that never comes."""

import hashlib
import hmac
import itertools
import json
import random
import time
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import requests
from django.conf import settings
from django.db import connections

from accounts.models import Role, User
from courses.models import Course
from enrollments.models import Enrollment
from lms.experiments.crowd import all_at_once
from lms.experiments.races import Result, bearer, someone
from lms.testing.plugin import make_course
from payments import checkout, gateway, reconciling
from payments.models import LedgerEntry, Order, Payment
from payments.periodic import reconcile

COPIES = 20
PRICE = 4900


def _sold_course() -> Course:
    return make_course(someone(Role.INSTRUCTOR), f"Sold {uuid.uuid4().hex[:8]}", lessons=1, price_cents=PRICE)


def _order(user: User) -> Order:
    """Place an order, with the id of the intent that the events of these experiments speak of."""
    order, _made = checkout.place_order(actor=user, course=_sold_course())
    order.stripe_payment_intent_id = f"pi_{order.pk.hex}"
    order.save(update_fields=["stripe_payment_intent_id"])
    return order


def _signed(kind: str, thing: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    """Return the bytes and the headers of an event, as Stripe signs it."""
    moment = int(time.time())
    event = {"id": f"evt_{uuid.uuid4().hex}", "type": kind, "created": moment, "livemode": False}
    body = json.dumps({**event, "data": {"object": thing}}).encode()
    digest = hmac.new(settings.STRIPE_WEBHOOK_SECRET.encode(), b"%d.%s" % (moment, body), hashlib.sha256).hexdigest()
    return body, {"Stripe-Signature": f"t={moment},v1={digest}", "Content-Type": "application/json"}


def _four(order: Order) -> list[tuple[bytes, dict[str, str]]]:
    """Return a failure, a payment, a refund of a part and a refund of all, of one order."""
    intent = {
        "id": order.stripe_payment_intent_id, "amount": PRICE, "amount_received": PRICE, "currency": "eur",
        "status": "succeeded", "latest_charge": f"ch_{order.pk.hex}", "metadata": {"order_id": str(order.pk)},
    }  # fmt: skip
    failed = {**intent, "status": "requires_payment_method", "last_payment_error": {"message": "No."}}
    of_charge: dict[str, Any] = {"payment_intent": order.stripe_payment_intent_id, "currency": "eur", "metadata": {}}
    refund = {**of_charge, "id": f"re_{order.pk.hex}", "amount": 900, "status": "succeeded"}
    charge = {**of_charge, "id": f"ch_{order.pk.hex}", "amount": PRICE, "amount_refunded": PRICE, "paid": True}
    return [
        _signed("payment_intent.payment_failed", failed),
        _signed("payment_intent.succeeded", intent),
        _signed("refund.created", refund),
        _signed("charge.refunded", charge),
    ]


def _ended(order: Order) -> tuple[Any, ...]:
    """Return how an order ended: it, its payments, the sum of its refunds in the ledger, and the access."""
    order.refresh_from_db()
    booked = sum(entry.amount for entry in LedgerEntry.objects.filter(order=order, kind="refund"))
    inside = Enrollment.objects.active().filter(user=order.user, course=order.course).exists()
    return order.status, Payment.objects.filter(order=order).count(), order.refunded_amount, booked, inside


RIGHT = ("refunded", 1, PRICE, PRICE, False)


def events(site: str, rounds: int) -> Result:
    """Experiment 8: four events, twenty copies of each, all at once, shuffled; then their 24 orders, one by one."""
    result = Result("8", f"4 events x {COPIES} copies at once, and all 24 orders of them: one end", rounds)
    address = f"{site}/api/v1/payments/webhook"
    rng = random.Random(8)  # noqa: S311  # it chooses an order, it protects nothing
    for _round in range(rounds):
        order = _order(someone())
        copies = _four(order) * COPIES
        rng.shuffle(copies)
        result.answers.add(all_at_once(len(copies), _send_each(address, copies)))
        result.broken += _ended(order) != RIGHT
    divergent = 0
    for sequence in itertools.permutations(range(4)):
        order = _order(someone())
        four = _four(order)
        for number in sequence:
            body, headers = four[number]
            httpx.post(address, content=body, headers=headers, timeout=60)
        divergent += _ended(order) != RIGHT
    result.broken += divergent
    result.notes = f"{divergent} of 24 orders diverge; Stripe was called 0 times"
    return result


def _send_each(
    address: str, copies: list[tuple[bytes, dict[str, str]]]
) -> Callable[[httpx.Client, int], httpx.Response]:
    """Return what each of a crowd does: post the copy of its number."""
    return lambda client, number: client.post(address, content=copies[number][0], headers=copies[number][1])


def _paid_at_stripe(user: User) -> Order:
    """Buy a course at the stand-in, which tells nobody."""
    order, _made = checkout.place_order(actor=user, course=_sold_course())
    checkout.pay_in_sandbox(actor=user, order=order, card="succeeds")
    order.refresh_from_db()
    return order


def _refunds_of(order: Order) -> list[int]:
    """Return the refunds of an order that Stripe made."""
    address = f"{settings.STRIPE_API_HOST}/v1/refunds"
    params: dict[str, str | int] = {"payment_intent": order.stripe_payment_intent_id or "", "limit": 100}
    rows = requests.get(address, auth=("sk_test_anything", ""), params=params, timeout=30).json()["data"]
    return [row["amount"] for row in rows]


def refunds(site: str, rounds: int) -> Result:
    """Experiment 8b: ten refunds of one payment at once; Stripe makes one, and access ends once."""
    result = Result("8b", "10 refunds of one payment at once: one at Stripe, never more than was paid", rounds)
    staff = someone(Role.ADMIN)
    headers, made = bearer(staff), 0
    for _round in range(rounds):
        order = reconciling.look_after(_paid_at_stripe(someone()))
        payment = Payment.objects.get(order=order)
        address = f"{site}/api/v1/payments/{payment.pk}/refund"
        answers = all_at_once(10, lambda client, _number, to=address: client.post(to, json={}, headers=headers))  # type: ignore[misc]  # mypy does not infer it
        result.answers.add(answers)
        given = _refunds_of(order)
        made += len(given)
        result.broken += given != [PRICE] or _ended(order) != RIGHT
    result.notes = f"{made} refunds at Stripe in {rounds} rounds"
    return result


def _reconcile_beside(site: str) -> Callable[[httpx.Client, int], httpx.Response]:
    """Return what each worker does: run the job, on a connection of its own."""

    def work(client: httpx.Client, _number: int) -> httpx.Response:
        try:
            reconcile()
        finally:
            connections.close_all()
        return client.get(f"{site}/livez")

    return work


def lost_webhooks(site: str, rounds: int) -> Result:
    """Experiment 11: buyers who were charged and whose event never came; the reconciler lets them in, once."""
    result = Result("11", "charged, every webhook dropped: the reconciler lets the buyer in, charged once", rounds)
    waits, charged_twice = [], 0
    for _round in range(rounds):
        order = _paid_at_stripe(someone())
        paid_at = time.monotonic()
        # Four workers run the job at the same moment, as after a restart; each asks Stripe by itself.
        Order.objects.filter(pk=order.pk).update(checked_at=None)
        all_at_once(4, _reconcile_beside(site))
        waits.append(time.monotonic() - paid_at)
        intent = gateway.retrieve_intent(order.stripe_payment_intent_id or "")
        entries = LedgerEntry.objects.filter(order=order).count()
        charged_twice += intent["status"] != "succeeded" or entries != 1
        result.broken += _ended(order) != ("completed", 1, 0, 0, True)
    result.notes = (
        f"let in {max(waits):.1f} s after the job began, which runs every 2 minutes; charged twice: {charged_twice}"
    )
    return result
