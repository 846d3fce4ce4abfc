"""The webhook: who is believed, and how often (QUALITY P01 to P05, P13, P14)."""

import itertools
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError
from django.test import Client

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from lms.lib.mail import kept_messages, read_message
from lms.platform.models import AuditEntry
from lms.testing.racing import at_once, kinds
from payments import checkout, events, reconciling, settling
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
    with_intent,
)

pytestmark = pytest.mark.django_db


def counts() -> tuple[int, int, int, int]:
    return (
        StripeEvent.objects.count(), Payment.objects.count(), Enrollment.objects.count(), LedgerEntry.objects.count()
    )  # fmt: skip


def is_in(order: Order) -> bool:
    return Enrollment.objects.active().filter(user=order.user, course=order.course).exists()


def test_a_payment_opens_the_course_and_is_booked_once(order: Order) -> None:
    assert deliver(event("payment_intent.succeeded", intent_of(order))).status_code == 200
    order.refresh_from_db()
    entry = LedgerEntry.objects.get()
    assert (order.status, is_in(order)) == ("completed", True)
    assert (entry.source, entry.target, entry.amount, entry.currency) == ("sales", "stripe", 4900, "EUR")
    assert Enrollment.objects.get().payment_id == order.payment.pk


@pytest.mark.quality("P01")
@pytest.mark.parametrize(
    "change",
    [
        {"amount_received": 100},
        {"amount": 100, "amount_received": 100},
        {"currency": "jpy"},
        {"metadata": {"order_id": "00000000-0000-0000-0000-000000000001"}},
        {"metadata": {}},
        {"status": "requires_payment_method"},
    ],
    ids=str,
)
def test_an_event_that_does_not_fit_the_order_opens_nothing_and_is_flagged(
    change: dict[str, Any], order: Order
) -> None:
    assert deliver(event("payment_intent.succeeded", intent_of(order, **change))).status_code == 200
    order.refresh_from_db()
    assert (order.status, is_in(order), Payment.objects.count()) == ("pending", False, 0)
    assert order.flag
    assert StripeEvent.objects.get().outcome == Outcome.MISMATCH
    assert AuditEntry.objects.filter(action="payments.flagged", target_id=str(order.pk)).count() == 1


@pytest.mark.quality("P01")
def test_a_live_event_pays_nothing_in_test_mode(order: Order) -> None:
    deliver(event("payment_intent.succeeded", intent_of(order), livemode=True))
    order.refresh_from_db()
    assert (order.status, bool(order.flag)) == ("pending", True)


@pytest.mark.quality("P01")
def test_an_intent_of_somebody_else_cannot_claim_an_order_that_has_its_own(order: Order) -> None:
    deliver(event("payment_intent.succeeded", intent_of(order, id="pi_of_somebody")))
    order.refresh_from_db()
    assert (order.status, is_in(order)) == ("pending", False)


@pytest.mark.quality("P02")
@pytest.mark.parametrize("case", ["none", "nonsense", "other secret", "old", "altered", "empty secret", "djstripe"])
def test_what_stripe_did_not_sign_is_refused_without_a_trace(case: str, order: Order, client: Client) -> None:
    body = json.dumps(event("payment_intent.succeeded", intent_of(order))).encode()
    headers = {
        "none": {},
        "nonsense": {"HTTP_STRIPE_SIGNATURE": "t=abc,v1=äö"},
        "other secret": {"HTTP_STRIPE_SIGNATURE": signature(body, secret="whsec_other")},
        "old": {"HTTP_STRIPE_SIGNATURE": signature(body, at=time.time() - 301)},
        "altered": {"HTTP_STRIPE_SIGNATURE": signature(body.replace(b"4900", b"0049"))},
        "empty secret": {"HTTP_STRIPE_SIGNATURE": signature(body, secret="")},
        "djstripe": {"HTTP_X_DJSTRIPE_WEBHOOK_SECRET": "anything"},
    }[case]
    before, audit = counts(), AuditEntry.objects.count()
    answer = client.post(WEBHOOK, body, content_type="application/json", **headers)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "bad_signature"
    assert (counts(), AuditEntry.objects.count()) == (before, audit)
    assert cache.get(events.BAD_SIGNATURES) == 1
    order.refresh_from_db()
    assert order.status == "pending"


@pytest.mark.quality("P02")
def test_without_a_secret_the_webhook_is_closed(order: Order, settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRET = ""
    body = json.dumps(event("payment_intent.succeeded", intent_of(order))).encode()
    answer = Client(raise_request_exception=False).post(
        WEBHOOK, body, content_type="application/json", HTTP_STRIPE_SIGNATURE=signature(body, secret="")
    )
    assert answer.status_code == 503
    assert Payment.objects.count() == 0


@pytest.mark.quality("P02")
@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"id": 1, "type": "x"}', b"nonsense", b"\xff", b"[" * 100_000])
def test_a_signed_body_that_is_no_event_is_400(body: bytes, client: Client) -> None:
    answer = client.post(WEBHOOK, body, content_type="application/json", HTTP_STRIPE_SIGNATURE=signature(body))
    assert (answer.status_code, StripeEvent.objects.count()) == (400, 0)


@pytest.mark.quality("P03")
def test_the_same_event_twenty_times_and_another_about_the_same_is_one_payment(
    order: Order, django_capture_on_commit_callbacks: Callable[..., Any], settings: Any
) -> None:
    settings.EMAIL_BACKEND = "lms.lib.mail.FolderBackend"
    data = event("payment_intent.succeeded", intent_of(order))
    with django_capture_on_commit_callbacks(execute=True):
        statuses = {deliver(data).status_code for _copy in range(20)}
        statuses.add(deliver(event("payment_intent.succeeded", intent_of(order))).status_code)
    assert statuses == {200}
    assert counts() == (2, 1, 1, 1)
    assert AuditEntry.objects.filter(action="payments.paid").count() == 1
    subjects = [str(read_message(path)["Subject"]) for path in kept_messages()]
    assert sum(subject.startswith("Your receipt") for subject in subjects) == 1


@pytest.mark.quality("P03")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twenty_copies_at_once_are_one_payment(order: Order) -> None:
    data = event("payment_intent.succeeded", intent_of(order))
    outcomes = at_once(20, lambda _number: deliver(data))
    assert kinds(outcomes) == {"200": 20}
    assert counts() == (1, 1, 1, 1)


@pytest.mark.quality("P03")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twenty_events_about_one_payment_at_once_are_one_payment(order: Order) -> None:
    outcomes = at_once(20, lambda _number: deliver(event("payment_intent.succeeded", intent_of(order))))
    assert kinds(outcomes) == {"200": 20}
    assert counts() == (20, 1, 1, 1)


@pytest.mark.quality("P03")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_refunds_at_once_lose_each_other(order: Order, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: rows read without their lock, with time to overtake each other, end wrong."""
    deliver(event("payment_intent.succeeded", intent_of(order)))

    def unlocked(order_id: Any) -> Order:
        found = Order.objects.select_related("user", "course").get(pk=order_id)
        time.sleep(0.2)
        return found

    monkeypatch.setattr(settling, "locked", unlocked)
    outcomes = at_once(5, lambda number: deliver(event("refund.created", refund_of(order, 100, number))))
    order.refresh_from_db()
    assert order.refunded_amount != 500 or kinds(outcomes) != {"200": 5}


@pytest.mark.quality("P03")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_with_the_lock_refunds_at_once_add_up(order: Order) -> None:
    deliver(event("payment_intent.succeeded", intent_of(order)))
    outcomes = at_once(5, lambda number: deliver(event("refund.created", refund_of(order, 100, number))))
    order.refresh_from_db()
    assert (kinds(outcomes), order.refunded_amount) == ({"200": 5}, 500)


def final_state(order: Order) -> tuple[Any, ...]:
    order.refresh_from_db()
    totals = reconciling.ledger_totals()
    return (order.status, order.refunded_amount, bool(order.disputed_at), is_in(order), totals, Payment.objects.count())


@pytest.mark.quality("P04")
@pytest.mark.parametrize("sequence", list(itertools.permutations(range(4))), ids=str)
def test_four_events_in_any_order_end_in_the_same_state(sequence: tuple[int, ...], order: Order) -> None:
    four = [
        event("payment_intent.payment_failed", intent_of(order, "requires_payment_method",
              last_payment_error={"message": "No."}, latest_charge=None)),
        event("payment_intent.succeeded", intent_of(order)),
        event("refund.created", refund_of(order, 1000)),
        event("charge.refunded", charge_of(order, order.amount)),
    ]  # fmt: skip
    for number in sequence:
        assert deliver(four[number]).status_code == 200
    assert final_state(order) == ("refunded", 4900, False, False, {"EUR": 0}, 1)


@pytest.mark.quality("P04")
@pytest.mark.parametrize("sequence", list(itertools.permutations(range(3))), ids=str)
def test_a_part_refund_named_by_two_events_counts_once(sequence: tuple[int, ...], order: Order) -> None:
    three = [
        event("payment_intent.succeeded", intent_of(order)),
        event("refund.created", refund_of(order, 1000)),
        event("charge.refunded", charge_of(order, 1000)),
    ]
    for number in sequence:
        deliver(three[number])
    assert final_state(order) == ("completed", 1000, False, True, {"EUR": 3900}, 1)


@pytest.mark.quality("P04")
def test_nothing_resurrects_a_refunded_order(order: Order) -> None:
    for kind, thing in (
        ("payment_intent.succeeded", intent_of(order)),
        ("charge.refunded", charge_of(order, order.amount)),
        ("payment_intent.succeeded", intent_of(order)),
        ("charge.refunded", charge_of(order, 100)),
        ("payment_intent.canceled", intent_of(order, "canceled")),
    ):
        deliver(event(kind, thing))
    assert final_state(order)[:4] == ("refunded", 4900, False, False)


@pytest.mark.quality("P04")
def test_an_event_before_we_know_its_intent_is_kept_and_applied_later(carol: User, paid_course: Course) -> None:
    order, _made = checkout.place_order(actor=carol, course=paid_course)
    refund = refund_of(order, 4900)
    deliver(event("refund.created", refund))
    assert StripeEvent.objects.get().outcome == Outcome.UNKNOWN
    # Its metadata names the order, so this one need not wait for the intent's id.
    deliver(event("payment_intent.succeeded", intent_of(order)))
    assert final_state(order)[0] == "completed"
    assert events.apply_waiting() == 1
    assert final_state(order)[0] == "refunded"


@pytest.mark.quality("P05")
def test_what_fails_halfway_leaves_nothing_and_the_next_copy_fulfils(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = event("payment_intent.succeeded", intent_of(order))

    def break_down(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(settling, "enroll", break_down)
        answer = deliver(data, Client(raise_request_exception=False))
    assert answer.status_code >= 500
    assert counts() == (0, 0, 0, 0)
    order.refresh_from_db()
    assert order.status == "pending"
    assert deliver(data).status_code == 200
    assert counts() == (1, 1, 1, 1)


@pytest.mark.quality("P13")
def test_a_dispute_flags_the_order_tells_staff_and_books_what_the_bank_took(
    order: Order, dan: User, django_capture_on_commit_callbacks: Callable[..., Any], mailoutbox: list[Any]
) -> None:
    deliver(event("payment_intent.succeeded", intent_of(order)))
    with django_capture_on_commit_callbacks(execute=True):
        for kind in ("created", "funds_withdrawn", "created"):
            deliver(event(f"charge.dispute.{kind}", dispute_of(order)))
    assert [(mail.to, "disputed" in mail.subject) for mail in mailoutbox] == [([dan.email], True)]
    assert sorted(LedgerEntry.objects.values_list("kind", flat=True)) == ["dispute", "payment"]
    assert final_state(order)[:4] == ("completed", 0, True, True)
    assert order.flag
    deliver(event("charge.dispute.funds_reinstated", dispute_of(order, "won")))
    assert LedgerEntry.objects.filter(kind="dispute_won").count() == 1


@pytest.mark.quality("P13")
def test_an_event_of_another_kind_is_noted_and_ignored(db: None) -> None:
    assert deliver(event("customer.created", {"id": "cus_1"})).status_code == 200
    assert StripeEvent.objects.get().outcome == Outcome.IGNORED


@pytest.mark.quality("P14")
def test_a_large_body_is_413_before_it_is_read(client: Client) -> None:
    body = b"x" * (events.LARGEST_BODY + 1)
    answer = client.post(WEBHOOK, body, content_type="application/json", HTTP_STRIPE_SIGNATURE=signature(body))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (413, "too_large")
    big = client.post(WEBHOOK, b"x" * 10_000_000, content_type="application/json")
    assert big.status_code == 413


@pytest.mark.quality("P14")
def test_two_hundred_events_are_each_answered_within_a_second(order: Order) -> None:
    waits = []
    for number in range(200):
        data = event("refund.created", refund_of(order, 1, number))
        begun = time.perf_counter()
        assert deliver(data).status_code == 200
        waits.append(time.perf_counter() - begun)
    assert sorted(waits)[189] < 1


def test_the_state_of_every_order_is_what_the_ledger_says(order: Order, carol: User, alice: User) -> None:
    deliver(event("payment_intent.succeeded", intent_of(order)))
    deliver(event("refund.created", refund_of(order, 1500)))
    for one in Order.objects.all():
        rows = dict.fromkeys(("payment", "refund"), 0)
        for entry in one.entries.all():
            rows[entry.kind] += entry.amount
        assert (rows["payment"], rows["refund"]) == (one.amount, one.refunded_amount)


def test_no_secret_of_an_intent_is_kept_with_its_event(order: Order) -> None:
    deliver(event("payment_intent.succeeded", intent_of(order)))
    assert "client_secret" not in json.dumps(StripeEvent.objects.get().payload)


@pytest.mark.django_db(transaction=True)
def test_the_database_refuses_to_change_a_line_of_the_ledger(order: Order) -> None:
    deliver(event("payment_intent.succeeded", intent_of(order)))
    with pytest.raises(DatabaseError, match="append-only"):
        LedgerEntry.objects.update(amount=1)


def test_an_order_that_was_given_up_and_is_paid_all_the_same_opens_the_course(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(status="failed")
    deliver(event("payment_intent.succeeded", intent_of(order)))
    assert final_state(order)[0] == "completed"
    assert with_intent(order).payment
