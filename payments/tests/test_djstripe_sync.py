"""Tests of dj-stripe's copies: they follow our own booking, show in the admin and cannot break payments."""

import logging
from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.db import DatabaseError
from django.test import Client
from djstripe.models import Account, APIKey, Charge, Event, PaymentIntent

from accounts.models import User
from courses.models import Course
from enrollments.models import Enrollment
from payments import djstripe_sync, reconciliation, refunds
from payments.models import LedgerEntry, Order, Payment, StripeEvent
from payments.tests.conftest import deliver, event, intent_of

pytestmark = pytest.mark.django_db(transaction=True)

Buy = Callable[..., Order]


@pytest.fixture(autouse=True)
def _copies_on(settings: Any) -> None:
    settings.PAYMENTS_MIRROR = True


def has_access(order: Order) -> bool:
    return Enrollment.objects.active().filter(user=order.user, course=order.course).exists()


@pytest.fixture
def staff_browser(dan: User, browser_of: Callable[[User], Client]) -> Client:
    """Dan's browser, as a superuser."""
    User.objects.filter(pk=dan.pk).update(is_superuser=True)
    return browser_of(User.objects.get(pk=dan.pk))


def test_the_event_of_a_payment_is_copied_after_it_is_booked(carol: User, paid_course: Course, buy: Buy) -> None:
    order = buy(carol, paid_course)
    stored = StripeEvent.objects.get()
    assert order.status == "completed"
    assert Event.objects.get(id=stored.pk).type == "payment_intent.succeeded"
    copy = PaymentIntent.objects.get(id=order.stripe_payment_intent_id)
    assert (copy.stripe_data["amount"], copy.stripe_data["currency"], copy.livemode) == (4900, "eur", False)


def test_in_the_sandbox_the_account_and_the_key_are_created_first(carol: User, paid_course: Course, buy: Buy) -> None:
    buy(carol, paid_course)
    key = APIKey.objects.get()
    assert (key.djstripe_owner_account.id, key.livemode) == (djstripe_sync.SANDBOX_ACCOUNT, False)
    assert Account.objects.count() == 1


def events_of(stripe_host: str, event_type: str) -> list[dict[str, Any]]:
    """Return the sandbox's events of a type."""
    answer = requests.get(f"{stripe_host}/v1/events", auth=("sk_test_anything", ""), params={"limit": 100}, timeout=5)
    return [data for data in answer.json()["data"] if data["type"] == event_type]


def test_the_event_of_a_refund_updates_the_copies(
    carol: User, dan: User, paid_course: Course, buy: Buy, stripe_host: str
) -> None:
    order = buy(carol, paid_course)
    refunds.refund_payment(actor=dan, payment=Payment.objects.get(), amount=900)
    for data in events_of(stripe_host, "charge.refunded"):
        deliver(data)
    charge = Charge.objects.get(stripe_data__payment_intent=order.stripe_payment_intent_id)
    assert charge.stripe_data["amount_refunded"] == 900


def test_the_copies_are_read_only_in_the_admin(
    carol: User, paid_course: Course, buy: Buy, staff_browser: Client
) -> None:
    order = buy(carol, paid_course)
    copy = PaymentIntent.objects.get(id=order.stripe_payment_intent_id)
    for address in ("paymentintent", "event"):
        page = staff_browser.get(f"/admin/djstripe/{address}/")
        assert page.status_code == 200
        assert "resync" not in page.content.decode()
    assert order.stripe_payment_intent_id in staff_browser.get("/admin/djstripe/paymentintent/").content.decode()
    page = staff_browser.get(f"/admin/djstripe/paymentintent/{copy.pk}/change/")
    assert page.status_code == 200
    assert "client_secret" not in page.content.decode()
    assert staff_browser.get("/admin/djstripe/paymentintent/add/").status_code == 403
    assert staff_browser.post(f"/admin/djstripe/paymentintent/{copy.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("name", ["apikey", "webhookendpoint", "account", "customer", "subscription"])
def test_dj_stripes_other_models_are_not_in_the_admin(name: str, staff_browser: Client) -> None:
    assert staff_browser.get(f"/admin/djstripe/{name}/").status_code == 404


def test_a_payment_is_booked_while_stripe_is_unavailable(
    order: Order, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.STRIPE_API_HOST = "http://127.0.0.1:1"
    with caplog.at_level(logging.WARNING, "payments.djstripe_sync"):
        assert deliver(event("payment_intent.succeeded", intent_of(order))).status_code == 200
    order.refresh_from_db()
    assert (order.status, has_access(order), LedgerEntry.objects.count()) == ("completed", True, 1)
    assert "could not copy payment_intent.succeeded" in caplog.text
    assert Event.objects.count() == 0


@pytest.mark.parametrize("error", djstripe_sync.SYNC_ERRORS, ids=lambda error: error.__name__)
def test_a_failed_copy_does_not_affect_the_payment(
    error: type[Exception], order: Order, stripe_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise error("no")

    with monkeypatch.context() as patched:
        patched.setattr(Event, "process", fail)
        assert deliver(event("payment_intent.succeeded", intent_of(order))).status_code == 200
    order.refresh_from_db()
    assert (order.status, has_access(order), StripeEvent.objects.count()) == ("completed", True, 1)


def test_a_failed_copy_is_rolled_back(order: Order, stripe_host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("no")

    monkeypatch.setattr(Event, "invoke_webhook_handlers", fail)
    assert deliver(event("payment_intent.succeeded", intent_of(order))).status_code == 200
    assert (Event.objects.count(), Payment.objects.count()) == (0, 1)


def test_dj_stripe_uses_our_time_out_and_retries(carol: User, paid_course: Course, buy: Buy) -> None:
    buy(carol, paid_course)
    assert djstripe_sync.stripe.default_http_client._timeout == djstripe_sync.TIMEOUT_SECONDS
    assert djstripe_sync.stripe.max_network_retries == 1


def test_no_event_is_copied_when_copies_are_turned_off(order: Order, settings: Any) -> None:
    settings.PAYMENTS_MIRROR = False
    deliver(event("payment_intent.succeeded", intent_of(order)))
    assert (Event.objects.count(), Payment.objects.count()) == (0, 1)


def test_reconciliation_works_without_copies(carol: User, paid_course: Course, buy: Buy) -> None:
    order = buy(carol, paid_course, deliver_event=False)
    reconciliation.reconcile()
    order.refresh_from_db()
    assert (order.status, Event.objects.count()) == ("completed", 0)


def test_an_object_of_an_unknown_type_is_logged_and_not_copied(
    order: Order, stripe_host: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    unknown = {"id": order.stripe_payment_intent_id, "object": "payment_intent_v2", "livemode": False, "created": 1}
    monkeypatch.setattr(PaymentIntent, "api_retrieve", lambda *args, **kwargs: unknown)
    with caplog.at_level(logging.WARNING, "payments.djstripe_sync"):
        assert not djstripe_sync.sync_event(event("payment_intent.succeeded", intent_of(order)))
    assert "could not copy payment_intent.succeeded: ValueError" in caplog.text
    assert (Event.objects.count(), PaymentIntent.objects.count()) == (0, 0)


@pytest.mark.parametrize("error", [AttributeError, KeyError, TypeError])
def test_a_programming_error_in_a_copy_is_not_swallowed(
    error: type[Exception], order: Order, stripe_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise error("no")

    monkeypatch.setattr(Event, "process", fail)
    with pytest.raises(error):
        djstripe_sync.sync_event(event("payment_intent.succeeded", intent_of(order)))
