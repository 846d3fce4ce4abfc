"""Tests of refunds and their effects (quality rows P08, P15)."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
import requests
from django.core.cache import cache
from django.test import Client
from pypdf import PdfReader
from rest_framework.test import APIClient

from accounts.account_deletion import close_account
from accounts.models import User
from certificates.models import Certificate
from core.models import AuditEntry, SiteSettings
from courses.models import Course
from enrollments.models import Enrollment
from payments import reconciliation
from payments.models import LedgerEntry, Order, Payment, Receipt, Refund
from payments.refunds import refund_payment
from payments.tests.conftest import charge_of, deliver, event, intent_of
from tools.testing.plugin import complete_all_lessons
from tools.testing.races import count_outcomes, run_concurrently

pytestmark = pytest.mark.django_db
Buy = Callable[..., Order]
Api = Callable[[User | None], APIClient]


def refund(client: APIClient, payment: Payment, **body: Any) -> tuple[int, str]:
    answer = client.post(f"/api/v1/payments/{payment.pk}/refund", body)
    data = answer.json()
    return answer.status_code, data["errors"][0]["code"] if "errors" in data else data["status"]


def refunded_amounts(host: str) -> list[int]:
    rows = requests.get(f"{host}/v1/refunds", auth=("sk_test_12345", ""), timeout=5, params={"limit": 100}).json()
    return [row["amount"] for row in rows["data"]]


@pytest.mark.quality("P08")
def test_only_admins_can_refund(
    carol: User, alice: User, bob: User, paid_course: Course, buy: Buy, api_of: Api
) -> None:
    payment = buy(carol, paid_course).payment
    for user in (carol, alice, bob):
        assert refund(api_of(user), payment)[0] == 403
    assert refund(api_of(None), payment)[0] == 401
    assert Refund.objects.count() == 0


@pytest.mark.quality("P08")
def test_refund_amounts_outside_the_payment_are_rejected(
    carol: User, dan: User, paid_course: Course, buy: Buy, api_of: Api, stripe_host: str
) -> None:
    payment, client = buy(carol, paid_course).payment, api_of(dan)
    assert refund(client, payment, amount=0) == (400, "invalid_amount")
    assert refund(client, payment, amount=-1) == (400, "invalid_amount")
    assert refund(client, payment, amount="x")[0] == 400
    assert refund(client, payment, amount=10**30)[0] == 400
    assert refund(client, payment, amount=4901) == (409, "refund_exceeds")
    assert refund(client, payment, amount=4000) == (200, "completed")
    assert refund(client, payment, amount=901) == (409, "refund_exceeds")
    assert refund(client, payment, reason="They asked.") == (200, "refunded")
    assert refund(client, payment) == (409, "already_refunded")
    assert sorted(refunded_amounts(stripe_host)) == [900, 4000]
    assert Order.objects.get().refunded_amount == 4900


@pytest.mark.quality("P08")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_ten_concurrent_refunds_create_one(
    carol: User, dan: User, paid_course: Course, buy: Buy, api_of: Api, stripe_host: str
) -> None:
    payment = buy(carol, paid_course).payment
    clients = [api_of(dan) for _number in range(10)]
    outcomes = run_concurrently(10, lambda number: clients[number].post(f"/api/v1/payments/{payment.pk}/refund", {}))
    assert count_outcomes(outcomes) == {"200": 1, "409": 9}
    assert refunded_amounts(stripe_host) == [4900]
    assert not Enrollment.objects.active().exists()
    assert AuditEntry.objects.filter(action="enrollments.revoked").count() == 1
    assert LedgerEntry.objects.filter(kind="refund").count() == 1


@pytest.mark.quality("P08")
def test_events_of_a_refund_do_not_count_it_again(
    carol: User, dan: User, paid_course: Course, buy: Buy, api_of: Api, stripe_host: str
) -> None:
    order = buy(carol, paid_course)
    refund(api_of(dan), order.payment, amount=1000)
    events = requests.get(
        f"{stripe_host}/v1/events", auth=("sk_test_12345", ""), timeout=5, params={"limit": 100}
    ).json()["data"]
    for data in [*events, *reversed(events)]:
        assert deliver(data).status_code == 200
    order.refresh_from_db()
    assert (order.refunded_amount, Refund.objects.count()) == (1000, 1)
    assert LedgerEntry.objects.filter(kind="refund").count() == 1


@pytest.mark.quality("P08")
def test_reconciliation_completes_a_refund_without_a_response(
    carol: User, dan: User, paid_course: Course, buy: Buy, api_of: Api, stripe_host: str, settings: Any
) -> None:
    order = buy(carol, paid_course)
    settings.STRIPE_API_HOST = "http://127.0.0.1:1"
    client = api_of(dan)
    client.raise_request_exception = False
    assert refund(client, order.payment) == (503, "stripe_unavailable")
    settings.STRIPE_API_HOST = stripe_host
    assert reconciliation.reconcile()["refunded"] == 1
    assert refunded_amounts(stripe_host) == [4900]
    order.refresh_from_db()
    assert (order.status, Enrollment.objects.active().count()) == ("refunded", 0)
    assert LedgerEntry.objects.get(kind="refund").actor == dan


@pytest.mark.quality("P15")
def test_the_totals_of_stripe_and_the_ledger_are_equal(
    carol: User, bob: User, dan: User, paid_course: Course, buy: Buy, api_of: Api
) -> None:
    refund(api_of(dan), buy(carol, paid_course).payment, amount=1234)
    buy(bob, paid_course)
    [found] = reconciliation.compare_with_stripe()
    assert (found.currency, found.at_stripe, found.in_ledger, found.difference) == ("EUR", 8566, 8566, 0)


@pytest.mark.quality("P15")
def test_the_admin_shows_a_difference_between_stripe_and_the_ledger(
    carol: User, paid_course: Course, buy: Buy, dan: User, browser_of: Callable[..., Client]
) -> None:
    buy(carol, paid_course, deliver_event=False)
    assert [one.difference for one in reconciliation.compare_with_stripe()] == [4900]
    page = browser_of(dan).get("/admin/payments/order/compare/").content.decode()
    assert "<strong>€49</strong>" in page


@pytest.mark.parametrize("revokes", [True, False])
def test_a_refund_revokes_the_certificate_only_if_the_site_is_set_so(
    revokes: bool, order: Order, django_capture_on_commit_callbacks: Callable[..., Any]
) -> None:
    SiteSettings.objects.update_or_create(pk=1, defaults={"revoke_certificate_on_refund": revokes})
    cache.delete(SiteSettings.CACHE_KEY)
    deliver(event("payment_intent.succeeded", intent_of(order)))
    with django_capture_on_commit_callbacks(execute=True):
        complete_all_lessons(Enrollment.objects.get(user=order.user))
        deliver(event("charge.refunded", charge_of(order, order.amount)))
    assert (Certificate.objects.get().revoked_at is not None) == revokes


def test_the_admin_confirms_a_refund_and_keeps_the_selection(
    carol: User, dan: User, paid_course: Course, buy: Buy, browser_of: Callable[..., Client]
) -> None:
    User.objects.filter(pk=dan.pk).update(is_superuser=True)
    order, client = buy(carol, paid_course), browser_of(dan)
    form = {"action": "refund", "_selected_action": str(order.pk)}
    asked = client.post("/admin/payments/order/", form)
    page = asked.content.decode()
    assert "€49 of €49 can be refunded" in page
    assert "ends the enrollment" in page
    confirmed = {**form, "confirmed": "1", "amount": "", "reason": ""}
    invisible = {**confirmed, "reason": "\u3164"}
    for invalid in (confirmed, invisible, {**confirmed, "reason": "They asked.", "amount": "nonsense"}):
        rejected = client.post("/admin/payments/order/", invalid)
        assert f'name="_selected_action" value="{order.pk}"' in rejected.content.decode()
        assert "errorlist" in rejected.content.decode()
    too_precise = client.post("/admin/payments/order/", {**confirmed, "reason": "They asked.", "amount": "1.234"})
    assert "Enter a valid amount." in too_precise.content.decode()
    too_much = client.post("/admin/payments/order/", {**confirmed, "reason": "They asked.", "amount": "50"})
    assert "more than what remains" in too_much.content.decode()
    assert Refund.objects.count() == 0
    client.post("/admin/payments/order/", {**confirmed, "reason": "They asked.", "amount": "10,50"})
    found = Refund.objects.get()
    assert (found.amount, found.reason, found.actor) == (1050, "They asked.", dan)
    assert client.get(f"/admin/payments/order/{order.pk}/change/").status_code == 200
    for page in ("order", "payment", "ledgerentry", "stripeevent", "coupon", "coupon/add"):
        assert client.get(f"/admin/payments/{page}/").status_code == 200


def test_a_student_whose_payment_is_refunded_is_notified_on_the_site(
    carol: User, dan: User, paid_course: Course, buy: Buy, browser_of: Callable[..., Client]
) -> None:
    refund_payment(actor=dan, payment=buy(carol, paid_course).payment, reason="They asked.")
    pages = {path: browser_of(carol).get(path) for path in ("/notifications/", f"/courses/{paid_course.slug}/")}
    assert all("The payment was refunded." in page.content.decode() for page in pages.values())


@pytest.mark.quality("N04")
def test_the_csv_of_the_ledger_contains_no_formulas(
    carol: User, dan: User, paid_course: Course, buy: Buy, browser_of: Callable[..., Client]
) -> None:
    User.objects.filter(pk=carol.pk).update(full_name="=HYPERLINK(1)")
    buy(carol, paid_course)
    answer = browser_of(dan).get("/admin/payments/order/ledger.csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert [(row["amount"], row["currency"], row["buyer"]) for row in rows] == [("49.00", "EUR", "'=HYPERLINK(1)")]
    none = browser_of(dan).get("/admin/payments/order/ledger.csv?from=2000-01-01&to=2000-01-02")
    assert len(b"".join(none.streaming_content).splitlines()) == 1
    assert browser_of(carol).get("/admin/payments/order/ledger.csv").status_code in (302, 403)


def test_a_receipt_has_a_number_and_the_sellers_details(
    order: Order, browser_of: Callable[..., Client], bob: User
) -> None:
    SiteSettings.objects.update_or_create(
        pk=1, defaults={"seller_name": "Campus GmbH", "seller_address": "Lane 1", "tax_id": "DE1", "tax_line": "VAT"}
    )
    assert browser_of(order.user).get(f"/orders/{order.pk}/receipt/").status_code == 404
    deliver(event("payment_intent.succeeded", intent_of(order)))
    assert Receipt.objects.get().number == 1
    answer = browser_of(order.user).get(f"/orders/{order.pk}/receipt.pdf")
    text = PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    assert answer["Content-Type"] == "application/pdf"
    number = Receipt.objects.get().formatted_number
    for text_part in ("Campus GmbH", "Lane 1", "DE1", "VAT", "€49", "Coffee", "Carol Example", number):
        assert text_part in text
    assert browser_of(bob).get(f"/orders/{order.pk}/receipt.pdf").status_code == 404


@pytest.mark.quality("U03")
def test_deleting_an_account_keeps_its_orders_and_removes_the_name(order: Order, dan: User) -> None:
    deliver(event("payment_intent.succeeded", intent_of(order)))
    before = reconciliation.ledger_totals()
    close_account(actor=dan, user=order.user)
    order.refresh_from_db()
    assert (order.user.full_name, order.status, reconciliation.ledger_totals()) == ("Deleted user", "completed", before)
