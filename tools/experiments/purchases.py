"""Experiments 8, 8b and 11: concurrent and reordered events, concurrent refunds, and lost webhooks."""

import hashlib
import hmac
import itertools
import json
import random
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
import requests
from django.conf import settings
from django.db import connection, connections
from django.utils import timezone

from accounts.models import Role, User
from courses.models import Course
from enrollments.models import Enrollment
from payments import checkout, reconciliation, stripe_client
from payments.models import LedgerEntry, Order, OrderStatus, Payment, Refund, StripeEvent
from tools.experiments.crowd import send_concurrently
from tools.experiments.races import Result, bearer_headers, create_user
from tools.experiments.stack import Site, run_as_shipped, run_site, run_workers
from tools.testing.plugin import make_course

COPIES = 20
PRICE = 4900
CROWD = 10
# Delays of the Stripe sandbox before a refund and before the response to a payment, which widen the race window.
GAP_SECONDS = 0.3
HOLD_SECONDS = 3
# The interval of the periodic job, and after how many seconds a buyer without access counts as a failure.
INTERVAL: float = settings.CELERY_BEAT_SCHEDULE["reconcile-payments"]["schedule"]  # type: ignore[assignment]  # a number
TIMEOUT_SECONDS = INTERVAL + 60


def _create_paid_course() -> Course:
    return make_course(create_user(Role.INSTRUCTOR), f"Sold {uuid.uuid4().hex[:8]}", lessons=1, price_cents=PRICE)


def _place_order(user: User) -> Order:
    """Place an order with the PaymentIntent id that the events of this experiment contain."""
    order, _made = checkout.place_order(actor=user, course=_create_paid_course())
    order.stripe_payment_intent_id = f"pi_{order.pk.hex}"
    order.save(update_fields=["stripe_payment_intent_id"])
    return order


def _sign_event(event_type: str, thing: dict[str, Any]) -> tuple[bytes, dict[str, str]]:
    """Return the body and the headers of an event, signed as Stripe signs it."""
    moment = int(time.time())
    event = {"id": f"evt_{uuid.uuid4().hex}", "type": event_type, "created": moment, "livemode": False}
    body = json.dumps({**event, "data": {"object": thing}}).encode()
    digest = hmac.new(settings.STRIPE_WEBHOOK_SECRET.encode(), b"%d.%s" % (moment, body), hashlib.sha256).hexdigest()
    return body, {"Stripe-Signature": f"t={moment},v1={digest}", "Content-Type": "application/json"}


def _build_events(order: Order) -> list[tuple[bytes, dict[str, str]]]:
    """Return four events of one order: a failure, a payment, a partial refund and a full refund."""
    intent = {
        "id": order.stripe_payment_intent_id, "amount": PRICE, "amount_received": PRICE, "currency": "eur",
        "status": "succeeded", "latest_charge": f"ch_{order.pk.hex}", "metadata": {"order_id": str(order.pk)},
    }  # fmt: skip
    failed = {**intent, "status": "requires_payment_method", "last_payment_error": {"message": "No."}}
    of_charge: dict[str, Any] = {"payment_intent": order.stripe_payment_intent_id, "currency": "eur", "metadata": {}}
    refund = {**of_charge, "id": f"re_{order.pk.hex}", "amount": 900, "status": "succeeded"}
    charge = {**of_charge, "id": f"ch_{order.pk.hex}", "amount": PRICE, "amount_refunded": PRICE, "paid": True}
    return [
        _sign_event("payment_intent.payment_failed", failed),
        _sign_event("payment_intent.succeeded", intent),
        _sign_event("refund.created", refund),
        _sign_event("charge.refunded", charge),
    ]


def _final_state(order: Order) -> tuple[Any, ...]:
    """Return status, number of payments, refunded amount, refunds in the ledger, and whether the buyer has access."""
    order.refresh_from_db()
    booked = sum(entry.amount for entry in LedgerEntry.objects.filter(order=order, kind="refund"))
    has_access = Enrollment.objects.active().filter(user=order.user, course=order.course).exists()
    return order.status, Payment.objects.filter(order=order).count(), order.refunded_amount, booked, has_access


REFUNDED = ("refunded", 1, PRICE, PRICE, False)


def deliver_events(site: str, rounds: int) -> Result:
    """Run experiment 8: twenty copies of four events, shuffled and concurrent; then all 24 sequences of the four."""
    result = Result("8", f"4 events x {COPIES} copies at once, and all 24 sequences of them: one final state", rounds)
    address = f"{site}/api/v1/payments/webhook"
    rng = random.Random(8)  # noqa: S311  # shuffles test events
    for _round in range(rounds):
        order = _place_order(create_user())
        copies = _build_events(order) * COPIES
        rng.shuffle(copies)
        result.answers.add(send_concurrently(len(copies), _send_copy(address, copies)))
        result.broken += _final_state(order) != REFUNDED
    divergent = 0
    for sequence in itertools.permutations(range(4)):
        order = _place_order(create_user())
        events = _build_events(order)
        for number in sequence:
            body, headers = events[number]
            httpx.post(address, content=body, headers=headers, timeout=60)
        divergent += _final_state(order) != REFUNDED
    result.broken += divergent
    result.notes = f"{divergent} of 24 sequences diverge; Stripe was called 0 times"
    return result


def _send_copy(
    address: str, copies: list[tuple[bytes, dict[str, str]]]
) -> Callable[[httpx.Client, int], httpx.Response]:
    """Return the request of each client: post the copy with the client's number."""
    return lambda client, number: client.post(address, content=copies[number][0], headers=copies[number][1])


def _pay_without_webhook(user: User) -> Order:
    """Pay for a course at the sandbox, which sends no event."""
    order, _made = checkout.place_order(actor=user, course=_create_paid_course())
    checkout.pay_in_sandbox(actor=user, order=order, card="succeeds")
    order.refresh_from_db()
    return order


def _refunds_at_stripe(order: Order) -> list[int]:
    """Return the amounts of an order's refunds at the sandbox."""
    address = f"{settings.STRIPE_API_HOST}/v1/refunds"
    params: dict[str, str | int] = {"payment_intent": order.stripe_payment_intent_id or "", "limit": 100}
    rows = requests.get(address, auth=("sk_test_anything", ""), params=params, timeout=30).json()["data"]
    return [row["amount"] for row in rows]


@contextmanager
def _with_faults(**faults: float) -> Iterator[None]:
    """Make the sandbox slow, late or careless within the block (`server.set_faults`)."""
    address = f"{settings.STRIPE_API_HOST}/_config/faults"
    requests.post(address, json=faults, timeout=30).raise_for_status()
    try:
        yield
    finally:
        requests.post(address, json={}, timeout=30).raise_for_status()


def request_refunds(site: str, rounds: int) -> Result:
    """Run experiment 8b: ten concurrent refunds of one payment; exactly one is requested and made, and access ends."""
    return _request_refunds(site, rounds, careless=0)


def request_refunds_without_limit(site: str, rounds: int) -> Result:
    """Run the control of 8b, in which the sandbox refunds more than was paid, too."""
    return _request_refunds(site, rounds, careless=1)


def _request_refunds(site: str, rounds: int, *, careless: int) -> Result:
    what = f"{CROWD} refunds of one payment at once: Stripe gets one request and never refunds more than was paid"
    result = Result("8b", what, rounds)
    headers, requested, refunded = bearer_headers(create_user(Role.ADMIN)), 0, 0
    for _round in range(rounds):
        order = reconciliation.reconcile_order(_pay_without_webhook(create_user()))
        payment = Payment.objects.get(order=order)
        address = f"{site}/api/v1/payments/{payment.pk}/refund"
        with _with_faults(delay=GAP_SECONDS, careless=careless):
            result.answers.add(send_concurrently(CROWD, _request_refund(address, headers)))
        rows, at_stripe = Refund.objects.filter(order=order).count(), _refunds_at_stripe(order)
        requested, refunded = requested + rows, refunded + sum(at_stripe)
        result.broken += rows != 1 or at_stripe != [PRICE] or _final_state(order) != REFUNDED
    statuses = ", ".join(f"{count} x {status}" for status, count in sorted(result.answers.statuses.items()))
    result.notes = (
        f"{requested} refunds requested in {rounds} rounds, {refunded / PRICE / rounds:.1f} times the paid amount "
        f"refunded; responses {statuses}"
    )
    return result


def _request_refund(address: str, headers: dict[str, str]) -> Callable[[httpx.Client, int], httpx.Response]:
    """Return the request of each client: refund the whole payment."""
    return lambda client, _number: client.post(address, json={}, headers=headers)


def _reconcile(site: str) -> Callable[[httpx.Client, int], httpx.Response]:
    """Return what each client does: run the periodic job on a separate connection."""

    def work(client: httpx.Client, _number: int) -> httpx.Response:
        try:
            reconciliation.reconcile_if_configured()
        finally:
            connections.close_all()
        return client.get(f"{site}/livez")

    return work


@dataclass(frozen=True)
class Charged:
    """An order that was charged just before the site was killed."""

    order: Order
    at: datetime
    headers: dict[str, str]


def _charge_and_kill(site: Site) -> Charged:
    """Pay over HTTP and kill the site after the charge and before Stripe's response; return the charged order.

    Raises RuntimeError if the site learned of the charge nevertheless.
    """
    buyer = create_user()
    headers = bearer_headers(buyer)
    course = _create_paid_course()
    with (
        httpx.Client(base_url=f"{site.address}/api/v1", headers=headers, timeout=60) as client,
        ThreadPoolExecutor(1) as pool,
        _with_faults(hold=HOLD_SECONDS),
    ):
        order = client.post("/orders/", json={"course_id": str(course.pk)}).raise_for_status().json()["id"]
        answer = client.post(f"/payments/create-intent/{order}").raise_for_status().json()
        intent = answer["payment_intent_id"]
        confirm = f"/payments/sandbox/{intent}/confirm"
        paying = pool.submit(client.post, confirm, json={"card": "succeeds"})
        while stripe_client.retrieve_intent(intent)["status"] != "succeeded":
            time.sleep(0.02)
        charged_at = timezone.now()
        site.kill()
        if not isinstance(paying.exception(timeout=60), httpx.TransportError):
            raise RuntimeError("The site answered before it was killed.")
    order_row = Order.objects.select_related("user", "course").get(pk=order)
    if order_row.status != OrderStatus.PENDING or StripeEvent.objects.filter(order=order_row).exists():
        raise RuntimeError("The site recorded the charge before it was killed.")
    return Charged(order_row, charged_at, headers)


def _count_charges(order: Order) -> int:
    """Return the number of successful charges for an order at Stripe."""
    return sum(
        intent["status"] == "succeeded" and intent["metadata"].get("order_id") == str(order.pk)
        for intent in stripe_client.iter_intents()
    )


def _has_access(order: Order) -> bool:
    return Enrollment.objects.active().filter(user=order.user, course=order.course).exists()


def _run_site_of_engine() -> Any:
    """Run the site as on this engine: several processes on PostgreSQL, one process for everything on SQLite."""
    return run_site() if connection.vendor == "postgresql" else run_as_shipped()


LOST = "web killed (kill -9) after the charge, every webhook dropped: the reconciler gives the buyer access"


def lose_webhooks(_site: str, rounds: int) -> Result:
    """Run experiment 11: the site is killed between the charge and the response, and no event arrives.

    The periodic job must enroll each buyer once within its interval, and a second payment must be refused.
    """
    result = Result("11", LOST, rounds)
    with run_workers() if connection.vendor == "postgresql" else nullcontext():
        charged_orders = []
        for _round in range(rounds):
            with _run_site_of_engine() as site:
                charged_orders.append(_charge_and_kill(site))
        with _run_site_of_engine() as site:
            _wait_for_access(charged_orders)
            second_payments = [_pay_again(site, one) for one in charged_orders]
    waits, twice = [], 0
    for one, status in zip(charged_orders, second_payments, strict=True):
        charges, entries = _count_charges(one.order), LedgerEntry.objects.filter(order=one.order).count()
        twice += charges != 1
        enrolled = Enrollment.objects.filter(user=one.order.user, course=one.order.course)
        waits += [(row.enrolled_at - one.at).total_seconds() for row in enrolled]
        result.broken += (_final_state(one.order), entries, charges, status) != (FULFILLED, 1, 1, httpx.codes.CONFLICT)
    raced = _reconcile_concurrently(result, rounds)
    result.notes = (
        f"access {min(waits, default=0):.0f} to {max(waits, default=0):.0f} s after the charge, the job runs every "
        f"{INTERVAL:.0f} s; charged twice: {twice}; four reconcilers at once: {raced} of {rounds} wrong"
    )
    return result


FULFILLED = ("completed", 1, 0, 0, True)


def _wait_for_access(charged_orders: list[Charged]) -> None:
    """Wait until every buyer has access, or until TIMEOUT_SECONDS have passed."""
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline and not all(_has_access(one.order) for one in charged_orders):
        time.sleep(1)


def _pay_again(site: Site, charged: Charged) -> int:
    """Try to pay again as the buyer, who saw an error; return the status of the response."""
    address = f"{site.address}/api/v1/payments/create-intent/{charged.order.pk}"
    return httpx.post(address, headers=charged.headers, timeout=60).status_code


def _reconcile_concurrently(result: Result, rounds: int) -> int:
    """Run the job in four threads at once, as after a restart; return how many rounds ended in a wrong state."""
    wrong = 0
    with run_site() as site:
        for _round in range(rounds):
            order = _pay_without_webhook(create_user())
            result.answers.add(send_concurrently(4, _reconcile(site.address)))
            entries = LedgerEntry.objects.filter(order=order).count()
            wrong += (_final_state(order), entries, _count_charges(order)) != (FULFILLED, 1, 1)
    result.broken += wrong
    return wrong


def lose_webhooks_without_reconciler(_site: str, rounds: int) -> Result:
    """Run the control of experiment 11: the same kill without the periodic job, so that no buyer gets access."""
    result = Result("11", LOST, rounds)
    charged_orders = []
    for _round in range(rounds):
        with run_site() as site:
            charged_orders.append(_charge_and_kill(site))
    with run_site():
        time.sleep(INTERVAL)
        result.broken += sum(not _has_access(one.order) for one in charged_orders)
    return result
