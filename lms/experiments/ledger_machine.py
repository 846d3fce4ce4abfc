"""A shop in which anything may happen in any order: buying, declined cards, refunds, events repeated, late or lost.

Hypothesis chooses what happens next; after every run all events are delivered, the reconciler runs, and the ledger must
hold exactly what the stand-in for Stripe does, in every currency (QUALITY P15).
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
from lms.lib.ports import free_port
from lms.testing.plugin import make_course
from payments import checkout, events, reconciling, refunding, sandbox
from payments.errors import PaymentError
from payments.models import Order, OrderStatus, Payment

OPERATIONS = 500
KEY = ("sk_test_anything", "")


@dataclass
class Shop:
    """Who buys what, where the money is, and what has happened so far."""

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
        """How many things have happened that move money or tell of it."""
        return sum(count for what, count in self.done.items() if what not in ("lost", "reconciled"))

    def new_events(self) -> list[dict[str, Any]]:
        """Return what Stripe has to tell, and has not told before."""
        answer = requests.get(f"{self.host}/v1/events", auth=KEY, params={"limit": 100_000}, timeout=30).json()
        known = {event["id"] for event in self.seen}
        fresh = [event for event in answer["data"] if event["id"] not in known]
        self.seen += fresh
        return fresh

    def deliver(self, *told: dict[str, Any]) -> None:
        """Send events as Stripe would."""
        for event in told:
            body = json.dumps(event).encode()
            moment = int(time.time())
            digest = hmac.new(settings.STRIPE_WEBHOOK_SECRET.encode(), b"%d.%s" % (moment, body), hashlib.sha256)
            events.receive(body, f"t={moment},v1={digest.hexdigest()}")
            self.delivered += 1

    def differences(self) -> list[int]:
        """Return by how much Stripe and the ledger differ, currency by currency."""
        return [one.difference for one in reconciling.compare()]


class LedgerMachine(RuleBasedStateMachine):
    """What may happen in the self.shop."""

    shop: Shop

    def attempt(self, what: str, act: Any) -> None:
        """Do something that the rules may forbid."""
        self.shop.done[what] += 1
        try:
            act()
        except PaymentError:
            self.shop.refused += 1

    @rule(buyer=st.integers(0, 99), course=st.integers(0, 99), card=st.sampled_from(["succeeds", "declined"]))
    def buy(self, buyer: int, course: int, card: str) -> None:
        """Somebody pays, or their card is declined."""
        user = self.shop.buyers[buyer % len(self.shop.buyers)]
        wanted = self.shop.courses[course % len(self.shop.courses)]

        def act() -> None:
            order, _made = checkout.place_order(actor=user, course=wanted)
            checkout.pay_in_sandbox(actor=user, order=order, card=card)

        self.attempt("bought" if card == "succeeds" else "declined", act)

    @rule(which=st.integers(0, 9999), share=st.sampled_from([None, 1, 3, 10]))
    def refund(self, which: int, share: int | None) -> None:
        """Staff give back all that is left, or a part of the price."""
        payments = list(Payment.objects.order_by("created_at", "pk"))
        if payments:
            payment = payments[which % len(payments)]
            amount = payment.amount // share if share else None
            self.attempt(
                "refunded", lambda: refunding.refund_payment(actor=self.shop.admin, payment=payment, amount=amount)
            )

    @rule(seed=st.integers(0, 2**16))
    def tell(self, seed: int) -> None:
        """What is new is told in any order."""
        fresh = self.shop.new_events()
        random.Random(seed).shuffle(fresh)  # noqa: S311  # it chooses an order, it protects nothing
        self.attempt("told", lambda: self.shop.deliver(*fresh))

    @rule(seed=st.integers(0, 2**16))
    def lose(self, seed: int) -> None:
        """What is new is told later, if ever."""
        self.shop.done["lost"] += 1
        self.shop.new_events()

    @rule(which=st.lists(st.integers(0, 9999), min_size=1, max_size=5))
    def replay(self, which: list[int]) -> None:
        """Old events come again, or come at last."""
        if self.shop.seen:
            seen = self.shop.seen
            self.attempt("repeated", lambda: self.shop.deliver(*[seen[number % len(seen)] for number in which]))

    @rule()
    def reconcile(self) -> None:
        """The periodic job runs."""
        Order.objects.update(checked_at=None)
        self.attempt("reconciled", reconciling.reconcile)

    def teardown(self) -> None:
        """Tell everything once more, reconcile, and compare; raise AssertionError for what does not agree."""
        for event in [*self.shop.new_events(), *self.shop.seen]:
            self.shop.deliver(event)
        Order.objects.update(checked_at=None)
        reconciling.reconcile()
        if not set(self.shop.differences()) <= {0}:
            raise AssertionError(self.shop.differences())
        for order in Order.objects.select_related("user", "course"):
            paid_for = Order.objects.filter(user=order.user, course=order.course, status=OrderStatus.COMPLETED)
            inside = Enrollment.objects.active().filter(user=order.user, course=order.course)
            if paid_for.exists() != inside.exists():
                raise AssertionError(order)


def machine_of(shop: Shop) -> type[LedgerMachine]:
    """Return the machine of a shop."""
    return type("Ledger", (LedgerMachine,), {"shop": shop})


def main() -> int:
    """Run 500 operations in one go, print what happened, and return 0 when nothing differs."""
    call_command("migrate", verbosity=0)
    with sandbox.running(free_port(), event_delay=0) as host:
        settings.STRIPE_API_HOST = host
        settings.CELERY_TASK_ALWAYS_EAGER = True
        shop = _a_shop(host)
        begun = time.monotonic()
        many = limits(
            max_examples=10,
            stateful_step_count=60,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        while shop.operations < OPERATIONS:
            run_state_machine_as_test(machine_of(shop), settings=many)
        differences = shop.differences()
        seconds = time.monotonic() - begun
    line = (
        f"{shop.operations} operations ({dict(shop.done)}, {shop.refused} refused), {shop.delivered} events delivered, "
        f"{Payment.objects.count()} payments, {Order.objects.count()} orders, difference "
        f"{sum(abs(one) for one in differences)} in {len(differences)} currencies, {seconds:.0f} s"
    )
    print(line)
    return 0 if set(differences) <= {0} else 1


def _a_shop(host: str) -> Shop:
    """Make buyers and courses in currencies with two, no and three decimals."""
    teacher = User.objects.create_user("teacher@example.com", None, full_name="Teacher", role=Role.INSTRUCTOR)
    admin = User.objects.create_user("staff@example.com", None, full_name="Staff", role=Role.ADMIN)
    buyers = [User.objects.create_user(f"{uuid.uuid4().hex}@example.com", None, full_name="Buyer") for _n in range(6)]
    prices = (("EUR", 4900), ("JPY", 500), ("KWD", 12_340), ("USD", 999))
    courses = [make_course(teacher, code, lessons=1, price_cents=price, currency=code) for code, price in prices]
    return Shop(host, buyers, courses, admin)
