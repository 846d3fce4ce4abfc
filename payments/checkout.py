"""Placing orders and paying them. Stripe is asked between transactions, never within one (QUALITY P11)."""

from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_verified_email
from courses.models import Course
from enrollments.models import Enrollment
from lms.lib import money
from lms.platform.audit import record
from payments import events, gateway, settling
from payments.errors import PaymentError
from payments.facts import IntentFacts
from payments.models import Coupon, Order, OrderStatus
from payments.models.coupons import normalised_code
from payments.models.orders import PRICE_STANDS_FOR
from payments.states import ORDER, ORDER_EXPIRED


def place_order(*, actor: User, course: Course, coupon_code: str = "") -> tuple[Order, bool]:
    """Order a course at its price of this moment; return the order, and whether this call made it.

    There is one pending order for a user and a course: a repeat gives it again, a coupon or half an hour later replaces
    it. One that costs nothing after the coupon is completed at once, without Stripe (QUALITY P13). Raises PaymentError
    `course_is_free`, `already_enrolled`, `own_course` (409), `coupon_invalid` (400), and what Stripe's absence raises
    when an older intent has to be cancelled first.
    """
    require_verified_email(actor)
    _refuse_what_needs_no_order(actor, course)
    code = normalised_code(coupon_code)
    waiting = Order.objects.pending().filter(user=actor, course=course).select_related("coupon").first()
    if waiting is not None:
        if waiting.is_open and (not code or (waiting.coupon is not None and waiting.coupon.code == code)):
            return waiting, False
        if code:
            _coupon(code, course, actor)  # a wrong code must not cost the order that stands
        give_up(order=waiting)
        _refuse_what_needs_no_order(actor, course)
    try:
        with transaction.atomic():
            return _create(actor, course, code), True
    except IntegrityError:
        return Order.objects.pending().get(user=actor, course=course), False


def _refuse_what_needs_no_order(user: User, course: Course) -> None:
    if course.is_free:
        raise PaymentError("course_is_free", _("This course is free. Just enrol in it."))
    if course.instructor_id == user.pk:
        raise PaymentError("own_course", _("You teach this course. Read it as its author."))
    if Enrollment.objects.active().filter(user=user, course=course).exists():
        raise PaymentError("already_enrolled", _("You are in this course already."))


def _coupon(code: str, course: Course, user: User, *, lock: bool = False) -> Coupon:
    """Return the coupon of that code; raise PaymentError `coupon_invalid` (400) when it does not count here and now.

    With `lock`, its row is locked, so that of two last uses one gets it.
    """
    coupons = Coupon.objects.select_for_update() if lock else Coupon.objects.all()
    coupon = coupons.filter(code=code).first()
    if coupon is None or not coupon.is_valid_at():
        raise PaymentError("coupon_invalid", _("This code does not exist, or its time is over."), status=400)
    if coupon.courses.exists() and not coupon.courses.filter(pk=course.pk).exists():
        raise PaymentError("coupon_invalid", _("This code is for other courses."), status=400)
    if coupon.discount_on(course.price_cents, course.currency) is None:
        raise PaymentError("coupon_invalid", _("This code is for another currency."), status=400)
    if coupon.max_uses is not None and coupon.uses(besides=user) >= coupon.max_uses:
        raise PaymentError("coupon_invalid", _("This code has been used up."), status=400)
    return coupon


def _create(user: User, course: Course, code: str) -> Order:
    """Write the order with its prices; complete it when nothing is left to pay."""
    coupon = _coupon(code, course, user, lock=True) if code else None
    price = course.price_cents
    off = (coupon.discount_on(price, course.currency) or 0) if coupon else 0
    amount = money.chargeable(price - off, course.currency)
    order = Order.objects.create(
        user=user,
        course=course,
        course_title=course.title,
        coupon=coupon,
        list_amount=price,
        discount=price - amount,
        amount=amount,
        currency=course.currency,
        expires_at=timezone.now() + PRICE_STANDS_FOR,
    )
    changes = {"course": str(course.pk), "amount": amount, "currency": order.currency}
    record(actor=user, action="payments.ordered", target=order, changes=changes)
    if amount == 0:
        settling.settle(settling.locked(order.pk), actor=user)
        order.refresh_from_db()
    return order


def give_up(*, order: Order) -> None:
    """Give up a pending order, cancelling its intent first, so that nobody pays an old price beside a new one.

    Where it turns out to be paid, it is completed instead.
    """
    if order.stripe_payment_intent_id is None:
        with transaction.atomic():
            current = settling.locked(order.pk)
            if current.stripe_payment_intent_id is None:
                settling.fail(current, settled=False)
                return
        order = current
    try:
        data = gateway.cancel_intent(order.stripe_payment_intent_id or "")
    except PaymentError as error:
        if error.code != "payment_refused":
            raise
        data = gateway.retrieve_intent(order.stripe_payment_intent_id or "")
    take_over(order, data)


def take_over(order: Order, data: dict[str, Any]) -> Order:
    """Bring an order up to what Stripe just answered about its intent; return it."""
    with transaction.atomic():
        current = settling.locked(order.pk)
        current.checked_at = timezone.now()
        current.save(update_fields=["checked_at"])
        settling.apply_intent(current, IntentFacts.of(data))
    return current


def create_intent(*, actor: User, order: Order) -> Order:
    """Make sure that Stripe has the order's PaymentIntent; return the order, which names it.

    Ten calls at once make one, since the order's id is the idempotency key (QUALITY P07). Raises PaymentError
    `already_paid`, `already_enrolled`, `order_expired` (409), `stripe_unavailable` (503).
    """
    require_verified_email(actor)
    order = Order.objects.select_related("user", "course").get(pk=order.pk)
    ORDER.check("pay", order.state, raises=PaymentError)
    if Enrollment.objects.active().filter(user=order.user, course=order.course).exists():
        raise PaymentError("already_enrolled", _("You are in this course already."))
    if order.stripe_payment_intent_id and order.client_secret:
        return order
    data = gateway.create_intent(order)
    with transaction.atomic():
        current = settling.locked(order.pk)
        if current.stripe_payment_intent_id not in (None, data["id"]):
            raise PaymentError("payment_refused", _("Stripe does not allow that, as things stand."))
        if current.is_paid:  # one that was given up meanwhile keeps the intent, so that it can be canceled below
            ORDER.check("pay", current.state, raises=PaymentError)
        current.stripe_payment_intent_id, current.client_secret = data["id"], data["client_secret"]
        current.save(update_fields=["stripe_payment_intent_id", "client_secret"])
    events.apply_waiting()
    current.refresh_from_db()
    if current.status == OrderStatus.FAILED:  # given up while Stripe was asked: what was made must not be paid
        give_up(order=current)
        raise ORDER_EXPIRED.error(PaymentError)
    return current


def pay_in_sandbox(*, actor: User, order: Order, card: str) -> str:
    """Pay with one of the sandbox's cards; return the intent's status. What follows comes by the webhook.

    Raises PaymentError `not_a_sandbox` (404) with real keys, `card_declined` (402), and as `create_intent`.
    """
    if not settings.STRIPE_SANDBOX:
        raise PaymentError("not_a_sandbox", _("Cards are real here."), status=404)
    order = create_intent(actor=actor, order=order)
    return str(gateway.confirm_in_sandbox(order.stripe_payment_intent_id or "", card)["status"])
