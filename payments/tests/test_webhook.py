"""Tests of the webhook: signatures, repeated events and their effects (quality rows P01 to P05, P13, P14)."""

import itertools
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.db import DatabaseError
from django.test import Client

from accounts.models import User
from core.mail.delivery import list_saved_messages, read_message
from core.models import AuditEntry
from courses.models import Course
from enrollments.models import Enrollment
from payments import checkout, order_updates, reconciliation, webhooks
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
from tools.testing.races import count_outcomes, run_concurrently

pytestmark = pytest.mark.django_db


def counts() -> tuple[int, int, int, int]:
    return (
        StripeEvent.objects.count(), Payment.objects.count(), Enrollment.objects.count(), LedgerEntry.objects.count()
    )  # fmt: skip


def has_access(order: Order) -> bool:
    return Enrollment.objects.active().filter(user=order.user, course=order.course).exists()


def test_a_payment_grants_access_and_is_booked_once(order: Order) -> None:
    assert deliver(event("payment_intent.succeeded", intent_of(order))).status_code == 200
    order.refresh_from_db()
    entry = LedgerEntry.objects.get()
    assert (order.status, has_access(order)) == ("completed", True)
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
def test_an_event_that_does_not_match_the_order_grants_nothing_and_flags_it(
    change: dict[str, Any], order: Order
) -> None:
    assert deliver(event("payment_intent.succeeded", intent_of(order, **change))).status_code == 200
    order.refresh_from_db()
    assert (order.status, has_access(order), Payment.objects.count()) == ("pending", False, 0)
    assert order.flag
    assert StripeEvent.objects.get().outcome == Outcome.MISMATCH
    assert AuditEntry.objects.filter(action="payments.flagged", target_id=str(order.pk)).count() == 1


@pytest.mark.quality("P01")
def test_a_live_event_is_not_applied_in_test_mode(order: Order) -> None:
    deliver(event("payment_intent.succeeded", intent_of(order), livemode=True))
    order.refresh_from_db()
    assert (order.status, bool(order.flag)) == ("pending", True)


@pytest.mark.quality("P01")
def test_another_intent_cannot_pay_an_order_that_has_an_intent(order: Order) -> None:
    deliver(event("payment_intent.succeeded", intent_of(order, id="pi_other")))
    order.refresh_from_db()
    assert (order.status, has_access(order)) == ("pending", False)


@pytest.mark.quality("P02")
@pytest.mark.parametrize("case", ["none", "nonsense", "other secret", "old", "altered", "empty secret", "djstripe"])
def test_an_event_without_a_valid_signature_is_rejected_without_a_trace(
    case: str, order: Order, client: Client
) -> None:
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
    assert cache.get(webhooks.BAD_SIGNATURE_COUNTER) == 1
    order.refresh_from_db()
    assert order.status == "pending"


@pytest.mark.quality("P02")
def test_without_a_secret_the_webhook_returns_503(order: Order, settings: Any) -> None:
    settings.STRIPE_WEBHOOK_SECRET = ""
    body = json.dumps(event("payment_intent.succeeded", intent_of(order))).encode()
    answer = Client(raise_request_exception=False).post(
        WEBHOOK, body, content_type="application/json", HTTP_STRIPE_SIGNATURE=signature(body, secret="")
    )
    assert answer.status_code == 503
    assert Payment.objects.count() == 0


@pytest.mark.quality("P02")
@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"id": 1, "type": "x"}', b"nonsense", b"\xff", b"[" * 100_000])
def test_a_signed_body_that_is_not_an_event_returns_400(body: bytes, client: Client) -> None:
    answer = client.post(WEBHOOK, body, content_type="application/json", HTTP_STRIPE_SIGNATURE=signature(body))
    assert (answer.status_code, StripeEvent.objects.count()) == (400, 0)


@pytest.mark.quality("P03")
def test_repeated_events_about_one_payment_create_one_payment(
    order: Order, django_capture_on_commit_callbacks: Callable[..., Any], settings: Any
) -> None:
    settings.EMAIL_BACKEND = "core.mail.delivery.FolderBackend"
    data = event("payment_intent.succeeded", intent_of(order))
    with django_capture_on_commit_callbacks(execute=True):
        statuses = {deliver(data).status_code for _copy in range(20)}
        statuses.add(deliver(event("payment_intent.succeeded", intent_of(order))).status_code)
    assert statuses == {200}
    assert counts() == (2, 1, 1, 1)
    assert AuditEntry.objects.filter(action="payments.paid").count() == 1
    subjects = [str(read_message(path)["Subject"]) for path in list_saved_messages()]
    assert sum(subject.startswith("Your receipt") for subject in subjects) == 1


@pytest.mark.quality("P03")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twenty_concurrent_copies_of_an_event_create_one_payment(order: Order) -> None:
    data = event("payment_intent.succeeded", intent_of(order))
    outcomes = run_concurrently(20, lambda _number: deliver(data))
    assert count_outcomes(outcomes) == {"200": 20}
    assert counts() == (1, 1, 1, 1)


@pytest.mark.quality("P03")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twenty_concurrent_events_about_one_payment_create_one_payment(order: Order) -> None:
    outcomes = run_concurrently(20, lambda _number: deliver(event("payment_intent.succeeded", intent_of(order))))
    assert count_outcomes(outcomes) == {"200": 20}
    assert counts() == (20, 1, 1, 1)


@pytest.mark.quality("P03")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_concurrent_refunds_overwrite_each_other(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: without the row lock, all five requests read the same total, and four updates are lost."""
    deliver(event("payment_intent.succeeded", intent_of(order)))
    have_read = threading.Barrier(5, timeout=30)
    book_refund = order_updates._book_refund

    def read_without_lock(order_id: Any) -> Order:
        return Order.objects.select_related("user", "course").get(pk=order_id)

    def book_after_all_have_read(*args: Any) -> None:
        have_read.wait()
        book_refund(*args)

    monkeypatch.setattr(order_updates, "lock_order", read_without_lock)
    monkeypatch.setattr(order_updates, "_book_refund", book_after_all_have_read)
    outcomes = run_concurrently(5, lambda number: deliver(event("refund.created", refund_of(order, 100, number))))
    order.refresh_from_db()
    assert (count_outcomes(outcomes), order.refunded_amount) == ({"200": 5}, 100)


@pytest.mark.quality("P03")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_with_the_lock_concurrent_refunds_add_up(order: Order) -> None:
    deliver(event("payment_intent.succeeded", intent_of(order)))
    outcomes = run_concurrently(5, lambda number: deliver(event("refund.created", refund_of(order, 100, number))))
    order.refresh_from_db()
    assert (count_outcomes(outcomes), order.refunded_amount) == ({"200": 5}, 500)


def final_state(order: Order) -> tuple[Any, ...]:
    order.refresh_from_db()
    totals = reconciliation.ledger_totals()
    return (
        order.status,
        order.refunded_amount,
        bool(order.disputed_at),
        has_access(order),
        totals,
        Payment.objects.count(),
    )


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
def test_a_partial_refund_in_two_events_counts_once(sequence: tuple[int, ...], order: Order) -> None:
    three = [
        event("payment_intent.succeeded", intent_of(order)),
        event("refund.created", refund_of(order, 1000)),
        event("charge.refunded", charge_of(order, 1000)),
    ]
    for number in sequence:
        deliver(three[number])
    assert final_state(order) == ("completed", 1000, False, True, {"EUR": 3900}, 1)


@pytest.mark.quality("P04")
def test_no_event_reopens_a_refunded_order(order: Order) -> None:
    for event_type, stripe_object in (
        ("payment_intent.succeeded", intent_of(order)),
        ("charge.refunded", charge_of(order, order.amount)),
        ("payment_intent.succeeded", intent_of(order)),
        ("charge.refunded", charge_of(order, 100)),
        ("payment_intent.canceled", intent_of(order, "canceled")),
    ):
        deliver(event(event_type, stripe_object))
    assert final_state(order)[:4] == ("refunded", 4900, False, False)


@pytest.mark.quality("P04")
def test_an_event_for_an_unknown_intent_is_stored_and_applied_later(carol: User, paid_course: Course) -> None:
    order, _created = checkout.place_order(actor=carol, course=paid_course)
    refund = refund_of(order, 4900)
    deliver(event("refund.created", refund))
    assert StripeEvent.objects.get().outcome == Outcome.UNKNOWN
    # The metadata has the order's id, so this event does not have to wait for the intent's id.
    deliver(event("payment_intent.succeeded", intent_of(order)))
    assert final_state(order)[0] == "completed"
    assert webhooks.apply_unknown_events() == 1
    assert final_state(order)[0] == "refunded"


@pytest.mark.quality("P05")
def test_a_failed_event_is_rolled_back_and_its_next_copy_is_applied(
    order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = event("payment_intent.succeeded", intent_of(order))

    def fail(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(order_updates, "enroll", fail)
        answer = deliver(data, Client(raise_request_exception=False))
    assert answer.status_code >= 500
    assert counts() == (0, 0, 0, 0)
    order.refresh_from_db()
    assert order.status == "pending"
    assert deliver(data).status_code == 200
    assert counts() == (1, 1, 1, 1)


@pytest.mark.quality("P13")
def test_a_dispute_flags_the_order_mails_staff_and_books_withdrawn_funds(
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
def test_an_event_of_another_type_is_stored_and_ignored(db: None) -> None:
    assert deliver(event("customer.created", {"id": "cus_1"})).status_code == 200
    assert StripeEvent.objects.get().outcome == Outcome.IGNORED


@pytest.mark.quality("P14")
def test_a_large_body_returns_413_before_it_is_read(client: Client) -> None:
    body = b"x" * (webhooks.MAX_BODY_BYTES + 1)
    answer = client.post(WEBHOOK, body, content_type="application/json", HTTP_STRIPE_SIGNATURE=signature(body))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (413, "too_large")
    big = client.post(WEBHOOK, b"x" * 10_000_000, content_type="application/json")
    assert big.status_code == 413


@pytest.mark.quality("P14")
def test_the_response_to_95_percent_of_200_events_takes_less_than_a_second(order: Order) -> None:
    waits = []
    for number in range(200):
        data = event("refund.created", refund_of(order, 1, number))
        begun = time.perf_counter()
        assert deliver(data).status_code == 200
        waits.append(time.perf_counter() - begun)
    assert sorted(waits)[189] < 1


def test_the_amounts_of_every_order_equal_the_ledger(order: Order, carol: User, alice: User) -> None:
    deliver(event("payment_intent.succeeded", intent_of(order)))
    deliver(event("refund.created", refund_of(order, 1500)))
    for one in Order.objects.all():
        rows = dict.fromkeys(("payment", "refund"), 0)
        for entry in one.entries.all():
            rows[entry.kind] += entry.amount
        assert (rows["payment"], rows["refund"]) == (one.amount, one.refunded_amount)


def test_the_client_secret_is_not_stored_with_an_event(order: Order) -> None:
    deliver(event("payment_intent.succeeded", intent_of(order)))
    assert "client_secret" not in json.dumps(StripeEvent.objects.get().payload)


@pytest.mark.django_db(transaction=True)
def test_the_database_rejects_updates_of_the_ledger(order: Order) -> None:
    deliver(event("payment_intent.succeeded", intent_of(order)))
    with pytest.raises(DatabaseError, match="append-only"):
        LedgerEntry.objects.update(amount=1)


def test_a_failed_order_that_is_paid_later_grants_access(order: Order) -> None:
    Order.objects.filter(pk=order.pk).update(status="failed")
    deliver(event("payment_intent.succeeded", intent_of(order)))
    assert final_state(order)[0] == "completed"
    assert with_intent(order).payment
