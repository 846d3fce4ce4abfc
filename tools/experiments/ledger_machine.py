"""A Hypothesis state machine of payments: purchases, declined cards, refunds, and repeated, late or lost events.

After every run all events are delivered and the reconciler runs. Then the ledger must agree with the Stripe sandbox in
every currency (quality row P15).
"""

import hashlib
import hmac
import json
import random
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import requests
from django.conf import settings
from django.core.management import call_command
from hypothesis import HealthCheck
from hypothesis import settings as limits
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from accounts.models import Role, User
from courses.models import Course
from enrollments.models import Enrollment
from payments import checkout, reconciliation, refunds, webhooks
from payments.errors import PaymentError
from payments.models import Order, OrderStatus, Payment
from tools.ports import free_port
from tools.stripe_sandbox import process
from tools.testing.plugin import make_course

OPERATIONS = 500
KEY = ("sk_test_anything", "")


@dataclass
class Shop:
    """The users and courses of a run, the address of the sandbox, and counts of the operations so far."""

    host: str
    buyers: list[User]
    courses: list[Course]
    admin: User
    done: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    delivered: int = 0
    seen: list[dict[str, Any]] = field(default_factory=list)

    @property
    def operations(self) -> int:
        """Number of operations that moved money or delivered events."""
        return sum(count for what, count in self.done.items() if what not in ("lost", "reconciled"))

    def new_events(self) -> list[dict[str, Any]]:
        """Return the sandbox's events that were not returned before."""
        answer = requests.get(f"{self.host}/v1/events", auth=KEY, params={"limit": 100_000}, timeout=30).json()
        known = {event["id"] for event in self.seen}
        fresh = [event for event in answer["data"] if event["id"] not in known]
        self.seen += fresh
        return fresh

    def deliver(self, *events: dict[str, Any]) -> None:
        """Deliver events to the webhook, signed as Stripe signs them."""
        for event in events:
            body = json.dumps(event).encode()
            moment = int(time.time())
            digest = hmac.new(settings.STRIPE_WEBHOOK_SECRET.encode(), b"%d.%s" % (moment, body), hashlib.sha256)
            webhooks.receive_event(body, f"t={moment},v1={digest.hexdigest()}")
            self.delivered += 1

    def differences(self) -> list[int]:
        """Return the difference between Stripe and the ledger for each currency."""
        return [one.difference for one in reconciliation.compare_with_stripe()]


class LedgerMachine(RuleBasedStateMachine):
    """The operations of the state machine."""

    shop: Shop

    def perform(self, operation: str, act: Any) -> None:
        """Count and perform an operation, which may be refused with a PaymentError."""
        self.shop.done[operation] += 1
        try:
            act()
        except PaymentError:
            self.shop.refused += 1

    @rule(buyer=st.integers(0, 99), course=st.integers(0, 99), card=st.sampled_from(["succeeds", "declined"]))
    def buy(self, buyer: int, course: int, card: str) -> None:
        """Pay for a course, with a card that succeeds or is declined."""
        user = self.shop.buyers[buyer % len(self.shop.buyers)]
        wanted = self.shop.courses[course % len(self.shop.courses)]

        def act() -> None:
            order, _made = checkout.place_order(actor=user, course=wanted)
            checkout.pay_in_sandbox(actor=user, order=order, card=card)

        self.perform("bought" if card == "succeeds" else "declined", act)

    @rule(which=st.integers(0, 9999), share=st.sampled_from([None, 1, 3, 10]))
    def refund(self, which: int, share: int | None) -> None:
        """Refund the rest of a payment or a part of it."""
        payments = list(Payment.objects.order_by("created_at", "pk"))
        if payments:
            payment = payments[which % len(payments)]
            amount = payment.amount // share if share else None
            self.perform(
                "refunded", lambda: refunds.refund_payment(actor=self.shop.admin, payment=payment, amount=amount)
            )

    @rule(seed=st.integers(0, 2**16))
    def deliver_new_events(self, seed: int) -> None:
        """Deliver the new events in a random order."""
        fresh = self.shop.new_events()
        random.Random(seed).shuffle(fresh)  # noqa: S311  # shuffles test events
        self.perform("delivered", lambda: self.shop.deliver(*fresh))

    @rule(seed=st.integers(0, 2**16))
    def lose_new_events(self, seed: int) -> None:
        """Fetch the new events without delivering them; `replay` may deliver them later."""
        self.shop.done["lost"] += 1
        self.shop.new_events()

    @rule(which=st.lists(st.integers(0, 9999), min_size=1, max_size=5))
    def replay(self, which: list[int]) -> None:
        """Deliver up to five earlier events, again or for the first time."""
        if self.shop.seen:
            seen = self.shop.seen
            self.perform("repeated", lambda: self.shop.deliver(*[seen[number % len(seen)] for number in which]))

    @rule()
    def reconcile(self) -> None:
        """Run the periodic job."""
        Order.objects.update(checked_at=None)
        self.perform("reconciled", reconciliation.reconcile)

    def teardown(self) -> None:
        """Deliver all events, reconcile, and raise AssertionError if ledger, orders or enrollments don't agree."""
        for event in [*self.shop.new_events(), *self.shop.seen]:
            self.shop.deliver(event)
        Order.objects.update(checked_at=None)
        reconciliation.reconcile()
        if not set(self.shop.differences()) <= {0}:
            raise AssertionError(self.shop.differences())
        for order in Order.objects.select_related("user", "course"):
            paid_for = Order.objects.filter(user=order.user, course=order.course, status=OrderStatus.COMPLETED)
            access = Enrollment.objects.active().filter(user=order.user, course=order.course)
            if paid_for.exists() != access.exists():
                raise AssertionError(order)


def create_machine(shop: Shop) -> type[LedgerMachine]:
    """Return the state machine class for `shop`."""
    return type("Ledger", (LedgerMachine,), {"shop": shop})


def main() -> int:
    """Run at least 500 operations, print the counts, and return 0 if Stripe and the ledger agree."""
    call_command("migrate", verbosity=0)
    with process.run_sandbox(free_port(), event_delay=0) as host:
        settings.STRIPE_API_HOST = host
        settings.CELERY_TASK_ALWAYS_EAGER = True
        shop = _create_shop(host)
        begun = time.monotonic()
        many = limits(
            max_examples=10,
            stateful_step_count=60,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        while shop.operations < OPERATIONS:
            run_state_machine_as_test(create_machine(shop), settings=many)
        differences = shop.differences()
        seconds = time.monotonic() - begun
    line = (
        f"{shop.operations} operations ({dict(shop.done)}, {shop.refused} refused), {shop.delivered} events delivered, "
        f"{Payment.objects.count()} payments, {Order.objects.count()} orders, difference "
        f"{sum(abs(one) for one in differences)} in {len(differences)} currencies, {seconds:.0f} s"
    )
    print(line)
    return 0 if set(differences) <= {0} else 1


def _create_shop(host: str) -> Shop:
    """Create buyers, and courses in currencies with two, no and three decimals."""
    teacher = User.objects.create_user("teacher@example.com", None, full_name="Teacher", role=Role.INSTRUCTOR)
    admin = User.objects.create_user("staff@example.com", None, full_name="Staff", role=Role.ADMIN)
    buyers = [User.objects.create_user(f"{uuid.uuid4().hex}@example.com", None, full_name="Buyer") for _n in range(6)]
    prices = (("EUR", 4900), ("JPY", 500), ("KWD", 12_340), ("USD", 999))
    courses = [make_course(teacher, code, lessons=1, price_cents=price, currency=code) for code, price in prices]
    return Shop(host, buyers, courses, admin)
