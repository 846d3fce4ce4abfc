"""dj-stripe's copy of what Stripe told us: it follows our own booking, shows in the admin, and harms nothing."""

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
from payments import mirror, reconciling, refunding
from payments.models import LedgerEntry, Order, Payment, StripeEvent
from payments.tests.conftest import deliver, event, intent_of

pytestmark = pytest.mark.django_db(transaction=True)

Buy = Callable[..., Order]


@pytest.fixture(autouse=True)
def _mirrored(settings: Any) -> None:
    settings.PAYMENTS_MIRROR = True


def is_in(order: Order) -> bool:
    return Enrollment.objects.active().filter(user=order.user, course=order.course).exists()


@pytest.fixture
def staff_browser(dan: User, browser_of: Callable[[User], Client]) -> Client:
    """Dan's browser, in the administration."""
    User.objects.filter(pk=dan.pk).update(is_superuser=True)
    return browser_of(User.objects.get(pk=dan.pk))


def test_an_event_of_a_payment_is_copied_after_it_was_booked(carol: User, paid_course: Course, buy: Buy) -> None:
    order = buy(carol, paid_course)
    told = StripeEvent.objects.get()
    assert order.status == "completed"
    assert Event.objects.get(id=told.pk).type == "payment_intent.succeeded"
    copy = PaymentIntent.objects.get(id=order.stripe_payment_intent_id)
    assert (copy.stripe_data["amount"], copy.stripe_data["currency"], copy.livemode) == (4900, "eur", False)


def test_in_the_sandbox_the_account_and_the_key_stand_there_first(carol: User, paid_course: Course, buy: Buy) -> None:
    buy(carol, paid_course)
    key = APIKey.objects.get()
    assert (key.djstripe_owner_account.id, key.livemode) == (mirror.SANDBOX_ACCOUNT, False)
    assert Account.objects.count() == 1


def events_of(stripe_host: str, kind: str) -> list[dict[str, Any]]:
    """Return what the stand-in has to tell of a kind."""
    answer = requests.get(f"{stripe_host}/v1/events", auth=("sk_test_anything", ""), params={"limit": 100}, timeout=5)
    return [told for told in answer.json()["data"] if told["type"] == kind]


def test_a_refund_s_event_brings_the_copies_up_to_date(
    carol: User, dan: User, paid_course: Course, buy: Buy, stripe_host: str
) -> None:
    order = buy(carol, paid_course)
    refunding.refund_payment(actor=dan, payment=Payment.objects.get(), amount=900)
    for told in events_of(stripe_host, "charge.refunded"):
        deliver(told)
    charge = Charge.objects.get(stripe_data__payment_intent=order.stripe_payment_intent_id)
    assert charge.stripe_data["amount_refunded"] == 900


def test_the_copies_are_read_in_the_admin_and_nothing_else(
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
def test_keys_and_what_is_not_ours_are_not_in_the_admin(name: str, staff_browser: Client) -> None:
    assert staff_browser.get(f"/admin/djstripe/{name}/").status_code == 404


def test_with_stripe_away_the_payment_is_booked_all_the_same(
    order: Order, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.STRIPE_API_HOST = "http://127.0.0.1:1"
    with caplog.at_level(logging.WARNING, "payments.mirror"):
        assert deliver(event("payment_intent.succeeded", intent_of(order))).status_code == 200
    order.refresh_from_db()
    assert (order.status, is_in(order), LedgerEntry.objects.count()) == ("completed", True, 1)
    assert "could not copy payment_intent.succeeded" in caplog.text
    assert Event.objects.count() == 0


@pytest.mark.parametrize("error", mirror.MAY_FAIL, ids=lambda error: error.__name__)
def test_however_the_copy_fails_ours_stands_and_the_next_event_is_copied(
    error: type[Exception], order: Order, stripe_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise error("no")

    with monkeypatch.context() as patched:
        patched.setattr(Event, "process", fail)
        assert deliver(event("payment_intent.succeeded", intent_of(order))).status_code == 200
    order.refresh_from_db()
    assert (order.status, is_in(order), StripeEvent.objects.count()) == ("completed", True, 1)


def test_a_copy_that_fails_halfway_leaves_no_half_of_itself(
    order: Order, stripe_host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise DatabaseError("no")

    monkeypatch.setattr(Event, "invoke_webhook_handlers", fail)
    assert deliver(event("payment_intent.succeeded", intent_of(order))).status_code == 200
    assert (Event.objects.count(), Payment.objects.count()) == (0, 1)


def test_the_copy_asks_stripe_no_longer_than_we_do(carol: User, paid_course: Course, buy: Buy) -> None:
    buy(carol, paid_course)
    assert mirror.stripe.default_http_client._timeout == mirror.TIMEOUT_SECONDS
    assert mirror.stripe.max_network_retries == 1


def test_nothing_is_copied_where_it_is_turned_off(order: Order, settings: Any) -> None:
    settings.PAYMENTS_MIRROR = False
    deliver(event("payment_intent.succeeded", intent_of(order)))
    assert (Event.objects.count(), Payment.objects.count()) == (0, 1)


def test_the_reconciler_needs_no_copy(carol: User, paid_course: Course, buy: Buy) -> None:
    order = buy(carol, paid_course, told=False)
    reconciling.reconcile()
    order.refresh_from_db()
    assert (order.status, Event.objects.count()) == ("completed", 0)
