"""Tests of orders and payments (quality rows P01, P06, P07, P09 to P13, E01, E06, E07)."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
import time_machine
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import User
from core.models import AuditEntry
from core.text import money
from courses.models import Course
from enrollments.models import Enrollment
from enrollments.services import complete_lesson
from payments import checkout, reconciliation, stripe_client
from payments.errors import PaymentError
from payments.models import Coupon, LedgerEntry, Order, Payment
from payments.tests.conftest import charge_of, deliver, event, intent_of, refund_of, with_intent
from tools.testing.plugin import make_course
from tools.testing.races import count_outcomes, run_concurrently

pytestmark = pytest.mark.django_db
Buy = Callable[..., Order]
Api = Callable[[User | None], APIClient]


def has_access(user: User, course: Course) -> bool:
    return Enrollment.objects.active().filter(user=user, course=course).exists()


def intents() -> list[dict[str, Any]]:
    return list(stripe_client.iter_intents())


@pytest.mark.quality("P01")
def test_the_amount_comes_from_the_server_not_from_the_request(carol: User, paid_course: Course, api_of: Api) -> None:
    body = {"course_id": str(paid_course.pk)}
    forged = {"amount": 1, "currency": "JPY", "status": "completed", "discount": 4899}
    assert api_of(carol).post("/api/v1/orders/", body | forged).status_code == 400
    answer = api_of(carol).post("/api/v1/orders/", body)
    assert answer.status_code == 201
    order = answer.json()
    assert (order["amount"], order["currency"], order["status"], order["discount"]) == (4900, "EUR", "pending", 0)
    again = api_of(carol).post("/api/v1/orders/", body)
    assert (again.status_code, again.json()["id"]) == (200, order["id"])


@pytest.mark.quality("P01")
def test_other_users_orders_are_not_found(order: Order, bob: User, dan: User, api_of: Api, stripe_host: str) -> None:
    assert api_of(bob).get(f"/api/v1/orders/{order.pk}").status_code == 404
    assert api_of(bob).post(f"/api/v1/payments/create-intent/{order.pk}").status_code == 404
    assert api_of(dan).post(f"/api/v1/payments/create-intent/{order.pk}").status_code == 403
    path = f"/api/v1/payments/sandbox/{order.stripe_payment_intent_id}/confirm"
    assert api_of(bob).post(path, {"card": "succeeds"}).status_code == 404
    assert intents() == []


def test_courses_that_need_no_order_are_rejected(
    bob: User, alice: User, course: Course, paid_course: Course, order: Order, api_of: Api
) -> None:
    def error_of(user: User, wanted: Course) -> tuple[int, str]:
        answer = api_of(user).post("/api/v1/orders/", {"course_id": str(wanted.pk)})
        return answer.status_code, answer.json()["errors"][0]["code"]

    deliver(event("payment_intent.succeeded", intent_of(order)))
    assert error_of(bob, course) == (409, "course_is_free")
    assert error_of(order.user, paid_course) == (409, "already_enrolled")
    assert error_of(alice, paid_course) == (409, "own_course")
    Course.objects.filter(pk=paid_course.pk).update(is_published=False)
    assert error_of(bob, paid_course) == (404, "not_found")


@pytest.mark.quality("E01")
@pytest.mark.parametrize("case", ["none", "of bob", "of another course", "pending", "refunded", "nonsense"])
def test_a_paid_course_requires_the_students_own_payment(
    case: str, order: Order, bob: User, alice: User, api_of: Api
) -> None:
    deliver(event("payment_intent.succeeded", intent_of(order)))
    payment, course, user = order.payment, order.course, order.user
    if case in ("none", "of bob", "nonsense", "pending"):
        user = bob
    if case == "pending":
        checkout.place_order(actor=bob, course=course)
    if case == "of another course":
        course = make_course(alice, "Cocoa", price_cents=9900)
    if case == "refunded":
        deliver(event("charge.refunded", charge_of(order, order.amount)))
    before = Enrollment.objects.active().count()
    payment_id = {"none": None, "pending": None, "nonsense": str(order.pk)}.get(case, str(payment.pk))
    body = {"course_id": str(course.pk)} | ({"payment_id": payment_id} if payment_id else {})
    answer = api_of(user).post("/api/v1/enrollments/", body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (402, "payment_required")
    assert Enrollment.objects.active().count() == before
    lesson = course.lessons.order_by("order").last()
    assert api_of(user).get(f"/api/v1/courses/{course.pk}/lessons/{lesson.pk}").json()["content"] is None


@pytest.mark.quality("E01")
def test_a_used_payment_does_not_enroll_twice(order: Order, api_of: Api) -> None:
    deliver(event("payment_intent.succeeded", intent_of(order)))
    body = {"course_id": str(order.course_id), "payment_id": str(order.payment.pk)}
    assert api_of(order.user).post("/api/v1/enrollments/", body).status_code == 409


@pytest.mark.quality("E06")
def test_a_refund_revokes_access_and_buying_again_restores_the_progress(
    carol: User, paid_course: Course, buy: Buy, api_of: Api
) -> None:
    first = buy(carol, paid_course)
    lesson = paid_course.lessons.order_by("order").last()
    complete_lesson(actor=carol, enrollment=Enrollment.objects.get(user=carol), lesson_id=lesson.pk)
    deliver(event("charge.refunded", charge_of(first, first.amount, payment_intent=first.stripe_payment_intent_id)))
    path = f"/api/v1/courses/{paid_course.pk}/lessons/{lesson.pk}"
    assert api_of(carol).get(path).json()["content"] is None
    second = buy(carol, paid_course)
    assert second.pk != first.pk
    assert api_of(carol).get(path).json()["content"]
    enrollment = Enrollment.objects.with_progress().get(user=carol, course=paid_course)
    assert (enrollment.is_active, enrollment.lessons_done) == (True, 1)


@pytest.mark.quality("E07")
def test_refunding_one_of_two_payments_keeps_access(order: Order) -> None:
    other = Order.objects.create(
        user=order.user, course=order.course, course_title=order.course_title, list_amount=4900, amount=4900,
        currency="EUR", expires_at=timezone.now(), status="failed",
    )  # fmt: skip
    for one in (order, with_intent(other)):
        deliver(event("payment_intent.succeeded", intent_of(one)))
    other.refresh_from_db()
    assert other.flag  # paid twice: staff should review it
    deliver(event("charge.refunded", charge_of(order, order.amount)))
    assert has_access(order.user, order.course)
    deliver(event("charge.refunded", charge_of(other, other.amount)))
    assert not has_access(order.user, order.course)


@pytest.mark.quality("P06")
def test_reconciliation_applies_a_lost_event_once(carol: User, paid_course: Course, buy: Buy) -> None:
    order = buy(carol, paid_course, deliver_event=False)
    assert (order.status, has_access(carol, paid_course)) == ("pending", False)
    for _time in range(3):
        reconciliation.reconcile()
    order.refresh_from_db()
    assert (order.status, has_access(carol, paid_course)) == ("completed", True)
    assert (Payment.objects.count(), LedgerEntry.objects.count()) == (1, 1)
    assert AuditEntry.objects.filter(action="payments.paid").count() == 1
    assert [one["status"] for one in intents()] == ["succeeded"]


@pytest.mark.quality("P06")
def test_an_order_unknown_to_stripe_does_not_block_reconciliation(
    carol: User, bob: User, paid_course: Course, buy: Buy
) -> None:
    lost = with_intent(checkout.place_order(actor=bob, course=paid_course)[0])
    order = buy(carol, paid_course, deliver_event=False)
    reconciliation.reconcile()
    lost.refresh_from_db()
    order.refresh_from_db()
    assert (order.status, lost.status) == ("completed", "pending")
    assert lost.flag == "Stripe rejected the request for this order's payment."
    assert lost.checked_at is not None


@pytest.mark.quality("P06")
def test_the_return_page_applies_a_lost_event(
    carol: User, paid_course: Course, buy: Buy, browser_of: Callable[[User], Client]
) -> None:
    order = buy(carol, paid_course, deliver_event=False)
    page = browser_of(carol).get(f"/orders/{order.pk}/?payment_intent={order.stripe_payment_intent_id}")
    assert "You are enrolled" in page.content.decode()
    assert Payment.objects.count() == 1


@pytest.mark.quality("P07")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_ten_concurrent_requests_create_one_intent(
    carol: User, paid_course: Course, stripe_host: str, api_of: Api
) -> None:
    order, _created = checkout.place_order(actor=carol, course=paid_course)
    clients = [api_of(carol) for _number in range(10)]
    answers = run_concurrently(10, lambda number: clients[number].post(f"/api/v1/payments/create-intent/{order.pk}"))
    assert count_outcomes(answers) == {"200": 10}
    assert len({answer.json()["client_secret"] for answer in answers}) == 1
    assert len(intents()) == 1


@pytest.mark.quality("P07")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_ten_concurrent_orders_create_one(carol: User, paid_course: Course, api_of: Api) -> None:
    clients = [api_of(carol) for _number in range(10)]
    body = {"course_id": str(paid_course.pk)}
    answers = run_concurrently(10, lambda number: clients[number].post("/api/v1/orders/", body))
    assert count_outcomes(answers) in ({"201": 1, "200": 9},)
    assert Order.objects.count() == 1


@pytest.mark.quality("P07")
def test_a_paid_order_cannot_be_paid_again(carol: User, paid_course: Course, buy: Buy, api_of: Api) -> None:
    order = buy(carol, paid_course)
    answer = api_of(carol).post(f"/api/v1/payments/create-intent/{order.pk}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "already_paid")
    other = Order.objects.create(
        user=carol, course=paid_course, course_title="x", list_amount=4900, amount=4900, currency="EUR",
        expires_at=timezone.now() + timedelta(minutes=9),
    )  # fmt: skip
    answer = api_of(carol).post(f"/api/v1/payments/create-intent/{other.pk}")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "already_enrolled")
    assert len(intents()) == 1


@pytest.mark.quality("P09")
def test_a_guessed_or_replayed_return_url_grants_no_access(
    carol: User, bob: User, paid_course: Course, stripe_host: str, browser_of: Callable[[User], Client]
) -> None:
    order, _created = checkout.place_order(actor=carol, course=paid_course)
    order = checkout.create_intent(actor=carol, order=order)
    query = f"?payment_intent={order.stripe_payment_intent_id}&redirect_status=succeeded&paid"
    page = browser_of(carol).get(f"/orders/{order.pk}/{query}")
    assert "being processed" in page.content.decode()
    assert browser_of(bob).get(f"/orders/{order.pk}/{query}").status_code == 404
    assert not Enrollment.objects.exists()


@pytest.mark.quality("P10")
@pytest.mark.parametrize(
    ("currency", "price", "percent", "amount"),
    [
        ("JPY", 500, None, 500),
        ("JPY", 500, 33, 335),
        ("EUR", 4999, 33, 3349),
        ("KWD", 12_345, None, 12_340),
        ("KWD", 12_340, 50, 6170),
    ],
)
def test_amounts_are_integers_in_the_minor_unit_of_the_currency(
    currency: str, price: int, percent: int | None, amount: int, carol: User, alice: User, stripe_host: str
) -> None:
    course = make_course(alice, "Cups", price_cents=price, currency=currency)
    if percent:
        Coupon.objects.create(code="LESS", percent_off=percent)
    order, _created = checkout.place_order(actor=carol, course=course, coupon_code="LESS" if percent else "")
    checkout.create_intent(actor=carol, order=order)
    assert (order.amount, intents()[0]["amount"]) == (amount, amount)
    assert order.list_amount == order.amount + order.discount == price


@pytest.mark.quality("P10")
def test_chargeable_amounts_are_multiples_that_stripe_accepts() -> None:
    assert [money.round_to_chargeable(1239, code) for code in ("JPY", "EUR", "KWD")] == [1239, 1239, 1230]


@pytest.mark.quality("P11")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_slow_stripe_returns_503_within_ten_seconds_without_a_transaction(
    carol: User, paid_course: Course, stripe_host: str, api_of: Api
) -> None:
    order, _created = checkout.place_order(actor=carol, course=paid_course)
    requests.post(f"{stripe_host}/_config/faults", json={"delay": 30}, timeout=5)
    client, answers = api_of(carol), []
    client.raise_request_exception = False
    begun = time.monotonic()
    thread = threading.Thread(target=lambda: answers.append(client.post(f"/api/v1/payments/create-intent/{order.pk}")))
    thread.start()
    held = 0
    while thread.is_alive():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND state LIKE 'idle in transaction%' AND state_change < now() - interval '0.3 s'"
            )
            held += cursor.fetchone()[0]
        time.sleep(0.2)
    seconds = time.monotonic() - begun
    requests.post(f"{stripe_host}/_config/faults", json={"delay": 0}, timeout=5)
    assert (answers[0].status_code, held) == (503, 0)
    assert answers[0].json()["errors"][0]["code"] == "stripe_unavailable"
    assert int(answers[0]["Retry-After"]) <= 10
    assert seconds < 10
    order.refresh_from_db()
    assert order.status == "pending"
    assert client.post(f"/api/v1/payments/create-intent/{order.pk}").status_code == 200
    assert len(intents()) == 1


@pytest.mark.quality("P12")
def test_the_price_of_an_order_is_held_for_30_minutes(carol: User, paid_course: Course, stripe_host: str) -> None:
    order, _created = checkout.place_order(actor=carol, course=paid_course)
    Course.objects.filter(pk=paid_course.pk).update(price_cents=9900)
    paid_course.refresh_from_db()
    assert checkout.place_order(actor=carol, course=paid_course)[0].amount == 4900
    first = checkout.create_intent(actor=carol, order=order)
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        with pytest.raises(PaymentError, match="30 minutes"):
            checkout.create_intent(actor=carol, order=order)
        late, made = checkout.place_order(actor=carol, course=paid_course)
    assert (made, late.amount) == (True, 9900)
    order.refresh_from_db()
    assert order.status == "failed"
    assert stripe_client.retrieve_intent(first.stripe_payment_intent_id or "")["status"] == "canceled"


@pytest.mark.quality("P12")
def test_a_paid_intent_of_an_expired_order_prevents_a_second_order(carol: User, paid_course: Course, buy: Buy) -> None:
    order = buy(carol, paid_course, deliver_event=False)
    with time_machine.travel(timezone.now() + timedelta(minutes=31)), pytest.raises(PaymentError) as refused:
        checkout.place_order(actor=carol, course=paid_course)
    assert refused.value.code == "already_enrolled"
    order.refresh_from_db()
    assert order.status == "completed"


@pytest.mark.quality("P13")
def test_a_coupon_of_100_percent_grants_access_without_stripe(carol: User, paid_course: Course) -> None:
    Coupon.objects.create(code="GIFT", percent_off=100)
    order, _created = checkout.place_order(actor=carol, course=paid_course, coupon_code="gift ")
    assert (order.status, order.amount, has_access(carol, paid_course)) == ("completed", 0, True)
    assert LedgerEntry.objects.count() == 0


@pytest.mark.parametrize(
    "coupon",
    [
        {"valid_until": timezone.now() - timedelta(days=1), "valid_from": timezone.now() - timedelta(days=2)},
        {"valid_from": timezone.now() + timedelta(days=30)},
        {"percent_off": None, "amount_off": 100, "currency": "USD"},
        {"max_uses": 1},
        {"other": True},
        {"code": "ANOTHER"},
    ],
    ids=["over", "not begun", "other currency", "used up", "other course", "unknown"],
)
def test_a_coupon_outside_its_limits_is_rejected(
    coupon: dict[str, Any], carol: User, bob: User, alice: User, paid_course: Course, api_of: Api
) -> None:
    other = coupon.pop("other", False)
    made = Coupon.objects.create(**{"code": "LESS", "percent_off": 10, **coupon})
    if other:
        made.courses.add(make_course(alice, "Cups", price_cents=100))
    if coupon.get("max_uses"):
        checkout.place_order(actor=bob, course=paid_course, coupon_code="LESS")
    answer = api_of(carol).post("/api/v1/orders/", {"course_id": str(paid_course.pk), "coupon": "LESS"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "coupon_invalid")


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_one_of_ten_concurrent_orders_gets_the_last_use_of_a_coupon(alice: User, paid_course: Course) -> None:
    Coupon.objects.create(code="LAST", percent_off=10, max_uses=1)
    users = [User.objects.create_user(f"u{n}@example.com", None, full_name=f"U {n}") for n in range(10)]
    outcomes = run_concurrently(
        10, lambda n: checkout.place_order(actor=users[n], course=paid_course, coupon_code="LAST")[0].discount
    )
    assert [one for one in outcomes if isinstance(one, int)] == [490]


@pytest.mark.quality("V10")
def test_pending_orders_of_one_buyer_each_use_the_coupon(carol: User, alice: User, paid_course: Course) -> None:
    coupon = Coupon.objects.create(code="ONCE", percent_off=10, max_uses=1)
    first, _created = checkout.place_order(actor=carol, course=paid_course, coupon_code="ONCE")
    with pytest.raises(PaymentError) as refused:
        checkout.place_order(actor=carol, course=make_course(alice, "Cups", price_cents=100), coupon_code="ONCE")
    assert (refused.value.code, coupon.count_uses()) == ("coupon_invalid", 1)
    assert checkout.place_order(actor=carol, course=paid_course, coupon_code="ONCE") == (first, False)


@pytest.mark.quality("V10")
def test_a_replaced_order_gives_its_use_of_the_coupon_to_the_new_one(carol: User, paid_course: Course) -> None:
    coupon = Coupon.objects.create(code="ONCE", percent_off=10, max_uses=1)
    first, _created = checkout.place_order(actor=carol, course=paid_course, coupon_code="ONCE")
    with time_machine.travel(first.expires_at + timedelta(minutes=1)):
        second, created = checkout.place_order(actor=carol, course=paid_course, coupon_code="ONCE")
        assert (created, second.coupon, coupon.count_uses()) == (True, coupon, 1)


@pytest.mark.quality("V10")
def test_an_expired_order_uses_the_coupon_until_its_intent_is_canceled(
    carol: User, bob: User, paid_course: Course, stripe_host: str
) -> None:
    """Stripe does not know when the price expires: until then, the buyer can still pay the intent."""
    coupon = Coupon.objects.create(code="ONCE", percent_off=10, max_uses=1)
    order, _created = checkout.place_order(actor=carol, course=paid_course, coupon_code="ONCE")
    checkout.create_intent(actor=carol, order=order)
    with time_machine.travel(order.expires_at + timedelta(minutes=6)):
        with pytest.raises(PaymentError) as refused:
            checkout.place_order(actor=bob, course=paid_course, coupon_code="ONCE")
        assert (refused.value.code, coupon.count_uses()) == ("coupon_invalid", 1)
        reconciliation.reconcile()
        assert coupon.count_uses() == 0
        assert checkout.place_order(actor=bob, course=paid_course, coupon_code="ONCE")[1]


@pytest.mark.quality("V10")
@pytest.mark.parametrize("percent_off", [10, 100], ids=["pending", "free"])
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_concurrent_orders_of_one_buyer_use_the_coupon_once(
    percent_off: int, carol: User, alice: User, stripe_host: str
) -> None:
    coupon = Coupon.objects.create(code="ONCE", percent_off=percent_off, max_uses=1)
    courses = [make_course(alice, f"Cups {number}", price_cents=1000) for number in range(5)]
    outcomes = run_concurrently(5, lambda n: checkout.place_order(actor=carol, course=courses[n], coupon_code="ONCE"))
    assert count_outcomes(outcomes) == {"tuple": 1, "coupon_invalid": 4}
    assert coupon.count_uses() == 1


@pytest.mark.quality("V10")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_concurrent_orders_of_one_buyer_exceed_the_coupon(
    carol: User, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Control: without the coupon's row lock, both orders count the uses before either is saved."""
    coupon = Coupon.objects.create(code="ONCE", percent_off=10, max_uses=1)
    courses = [make_course(alice, f"Cups {number}", price_cents=1000) for number in range(2)]
    have_counted = threading.Barrier(2, timeout=30)
    get_valid_coupon = checkout._get_valid_coupon

    def get_without_lock(*args: Any, **_lock: bool) -> Coupon:
        found = get_valid_coupon(*args)
        have_counted.wait()
        return found

    monkeypatch.setattr(checkout, "_get_valid_coupon", get_without_lock)
    outcomes = run_concurrently(2, lambda n: checkout.place_order(actor=carol, course=courses[n], coupon_code="ONCE"))
    assert (count_outcomes(outcomes), coupon.count_uses()) == ({"tuple": 2}, 2)


@pytest.mark.quality("V10")
@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_concurrent_free_orders_of_one_course_use_the_coupon_once(carol: User, paid_course: Course) -> None:
    coupon = Coupon.objects.create(code="GIFT", percent_off=100, max_uses=5)
    outcomes = run_concurrently(5, lambda _n: checkout.place_order(actor=carol, course=paid_course, coupon_code="GIFT"))
    assert count_outcomes(outcomes) == {"tuple": 1, "already_enrolled": 4}
    assert coupon.count_uses() == 1


def test_a_percentage_coupon_with_an_empty_currency_has_no_currency(dan: User, api_of: Api) -> None:
    made = api_of(dan).post("/api/v1/coupons/", {"code": "HALF", "percent_off": 50, "currency": ""})
    assert (made.status_code, made.json()["currency"]) == (201, None)


CODES = {
    "spaces": " early bird-20 ",
    "no-break space": "\u00a0EARLYBIRD-20\u00a0",
    "en dash": "EARLYBIRD\u201320",
    "non-breaking hyphen": "EARLYBIRD\u201120",
    "minus": "EARLYBIRD\u221220",
    "wide letters": "\uff25ARLYBIRD\uff0d20",
    "zero-width space": "EARLY\u200bBIRD-20",
    "soft hyphen": "EARLY\u00adBIRD-20",
}


@pytest.mark.parametrize("typed", CODES.values(), ids=CODES)
def test_a_coupon_is_found_in_any_spelling(
    typed: str,
    carol: User,
    bob: User,
    dan: User,
    paid_course: Course,
    api_of: Api,
    browser_of: Callable[[User], Client],
) -> None:
    made = api_of(dan).post("/api/v1/coupons/", {"code": typed, "percent_off": 10})
    assert (made.status_code, made.json()["code"]) == (201, "EARLYBIRD-20")
    order = api_of(carol).post("/api/v1/orders/", {"course_id": str(paid_course.pk), "coupon": typed})
    assert (order.status_code, order.json()["coupon"]) == (201, "EARLYBIRD-20")
    plain, _created = checkout.place_order(actor=bob, course=paid_course)
    assert browser_of(bob).post(reverse("payments:coupon", args=[plain.pk]), {"code": typed}).status_code == 302
    assert Order.objects.get(status="pending", user=bob).coupon.code == "EARLYBIRD-20"


def test_admins_create_and_change_coupons(dan: User, carol: User, paid_course: Course, api_of: Api) -> None:
    body = {"code": "spring", "percent_off": 20, "max_uses": 5, "course_ids": [str(paid_course.pk)]}
    assert api_of(carol).post("/api/v1/coupons/", body).status_code == 403
    made = api_of(dan).post("/api/v1/coupons/", body)
    assert (made.status_code, made.json()["code"], made.json()["uses"]) == (201, "SPRING", 0)
    path = f"/api/v1/coupons/{made.json()['id']}"
    assert api_of(dan).patch(path, {"percent_off": 30}).json()["percent_off"] == 30
    for wrong in ({"percent_off": 101}, {"percent_off": None}, {"amount_off": 5}, {"currency": "EUR"}):
        assert api_of(dan).patch(path, wrong).status_code == 400
    assert api_of(dan).get("/api/v1/coupons/").json()["count"] == 1


def test_the_three_cards_of_the_sandbox(carol: User, paid_course: Course, stripe_host: str, api_of: Api) -> None:
    client = api_of(carol)
    order = client.post("/api/v1/orders/", {"course_id": str(paid_course.pk)}).json()
    intent = client.post(f"/api/v1/payments/create-intent/{order['id']}").json()
    assert (intent["amount"], intent["currency"], bool(intent["client_secret"])) == (4900, "EUR", True)
    path = f"/api/v1/payments/sandbox/{intent['payment_intent_id']}/confirm"
    declined = client.post(path, {"card": "declined"})
    assert (declined.status_code, declined.json()["errors"][0]["code"]) == (402, "card_declined")
    assert client.post(path, {"card": "authenticate"}).json()["status"] == "requires_action"
    assert client.post(path, {"card": "authenticate"}).json()["status"] == "succeeded"
    assert client.post(path, {"card": "gold"}).status_code == 400


def test_the_sandbox_is_not_found_with_real_keys(order: Order, api_of: Api, settings: Any) -> None:
    settings.STRIPE_SANDBOX = False
    path = f"/api/v1/payments/sandbox/{order.stripe_payment_intent_id}/confirm"
    answer = api_of(order.user).post(path, {"card": "succeeds"})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "not_a_sandbox")


def test_ordering_requires_a_verified_email_address(
    carol: User, paid_course: Course, api_of: Api, settings: Any
) -> None:
    settings.REQUIRE_VERIFIED_EMAIL = True
    answer = api_of(carol).post("/api/v1/orders/", {"course_id": str(paid_course.pk)})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "email_not_verified")


def test_unpaid_orders_fail_and_their_intents_are_canceled(
    carol: User, paid_course: Course, alice: User, stripe_host: str
) -> None:
    bare, _created = checkout.place_order(actor=carol, course=paid_course)
    tried, _created = checkout.place_order(actor=carol, course=make_course(alice, "Cups", price_cents=100))
    checkout.create_intent(actor=carol, order=tried)
    with time_machine.travel(timezone.now() + timedelta(minutes=40)):
        reconciliation.reconcile()
    assert set(Order.objects.values_list("status", flat=True)) == {"failed"}
    assert [one["status"] for one in intents()] == ["canceled"]
    assert bare.pk


def test_events_of_the_sandbox_are_signed_and_accepted(
    carol: User, paid_course: Course, stripe_host: str, buy: Buy, client: Client
) -> None:
    order = buy(carol, paid_course, deliver_event=False)
    events = requests.get(f"{stripe_host}/v1/events", auth=("sk_test_12345", ""), timeout=5).json()["data"]
    assert [one["type"] for one in events] == ["payment_intent.succeeded"]
    assert deliver(events[0]).status_code == 200
    order.refresh_from_db()
    assert order.status == "completed"


def test_a_refund_of_another_intent_flags_the_order_without_a_refund(order: Order) -> None:
    deliver(event("payment_intent.succeeded", intent_of(order)))
    named = {"order_id": str(order.pk)}
    deliver(event("refund.created", refund_of(order, 100, payment_intent="pi_other", metadata=named)))
    order.refresh_from_db()
    assert (order.refunded_amount, bool(order.flag)) == (0, True)
