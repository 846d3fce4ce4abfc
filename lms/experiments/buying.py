"""Experiments 8, 8b and 11: events all at once and in every order, ten refunds at once, a webhook that never comes."""

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
from lms.experiments.crowd import all_at_once
from lms.experiments.races import Result, bearer, someone
from lms.experiments.stack import Site, running, running_as_shipped, working
from lms.testing.plugin import make_course
from payments import checkout, gateway, reconciling
from payments.models import LedgerEntry, Order, OrderStatus, Payment, Refund, StripeEvent
from payments.periodic import reconcile

COPIES = 20
PRICE = 4900
CROWD = 10
# How long Stripe takes over a refund, or holds the answer to a payment: the gap in which things go wrong.
GAP_SECONDS = 0.3
HOLD_SECONDS = 3
# How often the periodic job runs, and how much longer than that is too long.
INTERVAL: float = settings.CELERY_BEAT_SCHEDULE["reconcile-payments"]["schedule"]  # type: ignore[assignment]  # a number
PATIENCE_SECONDS = INTERVAL + 60


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


@contextmanager
def _stripe_that(**faults: float) -> Iterator[None]:
    """Let the stand-in be slow, late or careless for a while."""
    address = f"{settings.STRIPE_API_HOST}/_config/faults"
    requests.post(address, json=faults, timeout=30).raise_for_status()
    try:
        yield
    finally:
        requests.post(address, json={}, timeout=30).raise_for_status()


def refunds(site: str, rounds: int) -> Result:
    """Experiment 8b: ten refunds of one payment at once; Stripe is asked once, makes one, and access ends once."""
    return _refunds(site, rounds, careless=0)


def careless_refunds(site: str, rounds: int) -> Result:
    """The control's: Stripe, too, gives back more than was paid."""
    return _refunds(site, rounds, careless=1)


def _refunds(site: str, rounds: int, *, careless: int) -> Result:
    what = f"{CROWD} refunds of one payment at once: Stripe is asked for one, and never gives back more than was paid"
    result = Result("8b", what, rounds)
    headers, asked, given = bearer(someone(Role.ADMIN)), 0, 0
    for _round in range(rounds):
        order = reconciling.look_after(_paid_at_stripe(someone()))
        payment = Payment.objects.get(order=order)
        address = f"{site}/api/v1/payments/{payment.pk}/refund"
        with _stripe_that(delay=GAP_SECONDS, careless=careless):
            result.answers.add(all_at_once(CROWD, _refund_at(address, headers)))
        rows, at_stripe = Refund.objects.filter(order=order).count(), _refunds_of(order)
        asked, given = asked + rows, given + sum(at_stripe)
        result.broken += rows != 1 or at_stripe != [PRICE] or _ended(order) != RIGHT
    statuses = ", ".join(f"{count} x {status}" for status, count in sorted(result.answers.statuses.items()))
    result.notes = (
        f"Stripe was asked for {asked} refunds in {rounds} rounds, and gave back {given / PRICE / rounds:.1f} times "
        f"what was paid; answers {statuses}"
    )
    return result


def _refund_at(address: str, headers: dict[str, str]) -> Callable[[httpx.Client, int], httpx.Response]:
    """Return what each of a crowd does: ask for the whole refund."""
    return lambda client, _number: client.post(address, json={}, headers=headers)


def _reconcile_beside(site: str) -> Callable[[httpx.Client, int], httpx.Response]:
    """Return what each worker does: run the job, on a connection of its own."""

    def work(client: httpx.Client, _number: int) -> httpx.Response:
        try:
            reconcile()
        finally:
            connections.close_all()
        return client.get(f"{site}/livez")

    return work


@dataclass(frozen=True)
class Charged:
    """An order that was charged a moment before the site was killed."""

    order: Order
    at: datetime
    headers: dict[str, str]


def _charge_and_kill(site: Site) -> Charged:
    """Let somebody pay over HTTP, and kill the site once Stripe has charged them, before it answers; return what was
    left behind. Raises RuntimeError when the site heard of the charge all the same."""
    buyer = someone()
    headers = bearer(buyer)
    course = _sold_course()
    with (
        httpx.Client(base_url=f"{site.address}/api/v1", headers=headers, timeout=60) as client,
        ThreadPoolExecutor(1) as pool,
        _stripe_that(hold=HOLD_SECONDS),
    ):
        order = client.post("/orders/", json={"course_id": str(course.pk)}).raise_for_status().json()["id"]
        answer = client.post(f"/payments/create-intent/{order}").raise_for_status().json()
        intent = answer["payment_intent_id"]
        confirm = f"/payments/sandbox/{intent}/confirm"
        paying = pool.submit(client.post, confirm, json={"card": "succeeds"})
        while gateway.retrieve_intent(intent)["status"] != "succeeded":
            time.sleep(0.02)
        charged_at = timezone.now()
        site.kill()
        if not isinstance(paying.exception(timeout=60), httpx.TransportError):
            raise RuntimeError("The site was to be killed before it could answer.")
    left = Order.objects.select_related("user", "course").get(pk=order)
    if left.status != OrderStatus.PENDING or StripeEvent.objects.filter(order=left).exists():
        raise RuntimeError("The site was to be killed before it knew of the charge.")
    return Charged(left, charged_at, headers)


def _charges_of(order: Order) -> int:
    """Return how often Stripe charged for an order."""
    return sum(
        intent["status"] == "succeeded" and intent["metadata"].get("order_id") == str(order.pk)
        for intent in gateway.all_intents()
    )


def _is_in(order: Order) -> bool:
    return Enrollment.objects.active().filter(user=order.user, course=order.course).exists()


def _as_on_this_engine() -> Any:
    """Serve as one does here: by processes for pages beside a worker and beat, or by one for everything."""
    return running() if connection.vendor == "postgresql" else running_as_shipped()


LOST = "charged, then web killed (kill -9) before it knows, every webhook dropped: the reconciler lets the buyer in"


def lost_webhooks(_site: str, rounds: int) -> Result:
    """Experiment 11: the site is killed between the charge and its answer, and no event ever comes; the periodic job
    lets each buyer in within its interval, once, and who pays again is refused."""
    result = Result("11", LOST, rounds)
    with working() if connection.vendor == "postgresql" else nullcontext():
        left = []
        for _round in range(rounds):
            with _as_on_this_engine() as site:
                left.append(_charge_and_kill(site))
        with _as_on_this_engine() as site:
            _wait_for_all(left)
            again = [_pay_again(site, one) for one in left]
    waits, twice = [], 0
    for one, status in zip(left, again, strict=True):
        charges, entries = _charges_of(one.order), LedgerEntry.objects.filter(order=one.order).count()
        twice += charges != 1
        enrolled = Enrollment.objects.filter(user=one.order.user, course=one.order.course)
        waits += [(row.enrolled_at - one.at).total_seconds() for row in enrolled]
        result.broken += (_ended(one.order), entries, charges, status) != (FULFILLED, 1, 1, httpx.codes.CONFLICT)
    raced = _reconcilers_at_once(result, rounds)
    result.notes = (
        f"let in {min(waits, default=0):.0f} to {max(waits, default=0):.0f} s after the charge, the job runs every "
        f"{INTERVAL:.0f} s; charged twice: {twice}; four reconcilers at once: {raced} of {rounds} wrong"
    )
    return result


FULFILLED = ("completed", 1, 0, 0, True)


def _wait_for_all(left: list[Charged]) -> None:
    """Wait until every buyer is in, or until the periodic job is too late."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and not all(_is_in(one.order) for one in left):
        time.sleep(1)


def _pay_again(site: Site, charged: Charged) -> int:
    """Let the buyer, who saw an error, try to pay once more; return the status of the answer."""
    address = f"{site.address}/api/v1/payments/create-intent/{charged.order.pk}"
    return httpx.post(address, headers=charged.headers, timeout=60).status_code


def _reconcilers_at_once(result: Result, rounds: int) -> int:
    """Let four workers run the job at the same moment, as after a restart; return how many rounds ended wrong."""
    wrong = 0
    with running() as site:
        for _round in range(rounds):
            order = _paid_at_stripe(someone())
            result.answers.add(all_at_once(4, _reconcile_beside(site.address)))
            entries = LedgerEntry.objects.filter(order=order).count()
            wrong += (_ended(order), entries, _charges_of(order)) != (FULFILLED, 1, 1)
    result.broken += wrong
    return wrong


def never_reconciled(_site: str, rounds: int) -> Result:
    """The control of experiment 11: the same kill, and no periodic job. Nobody gets in."""
    result = Result("11", LOST, rounds)
    left = []
    for _round in range(rounds):
        with running() as site:
            left.append(_charge_and_kill(site))
    with running():
        time.sleep(INTERVAL)
        result.broken += sum(not _is_in(one.order) for one in left)
    return result
