"""Place orders and pay them. Stripe is called between transactions, never inside one (quality row P11)."""

from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require_verified_email
from core.audit.entries import record
from core.text import money
from courses.models import Course
from enrollments.models import Enrollment
from enrollments.services import require_not_barred
from payments import order_updates, stripe_client, webhooks
from payments.errors import PaymentError
from payments.models import Coupon, Order, OrderStatus
from payments.models.coupons import normalize_code
from payments.models.orders import PRICE_HOLD_TIME
from payments.states import ORDER, ORDER_EXPIRED
from payments.stripe_objects import IntentData


def place_order(*, actor: User, course: Course, coupon_code: str = "") -> tuple[Order, bool]:
    """Order a course at its current price; return the order, and whether this call created it.

    A user has one pending order per course: a repeated call returns it, a coupon or the end of its 30 minutes replaces
    it. An order whose coupon reduces it to zero is completed at once, without Stripe (quality row P13).

    Raises PaymentError `course_is_free`, `already_enrolled`, `own_course` (409), `barred` (403), `coupon_invalid`
    (400), and the errors of `stripe_client` when the intent of a replaced order has to be canceled first.
    """
    require_verified_email(actor)
    _require_purchasable(actor, course)
    code = normalize_code(coupon_code)
    pending = Order.objects.pending().filter(user=actor, course=course).select_related("coupon").first()
    if pending is not None:
        if pending.is_open and (not code or (pending.coupon is not None and pending.coupon.code == code)):
            return pending, False
        if code:
            _get_valid_coupon(code, course, actor)  # raises before an invalid code cancels the pending order
        cancel_order(order=pending)
    try:
        with transaction.atomic():
            return _create_order(actor, course, code), True
    except IntegrityError:
        return Order.objects.pending().get(user=actor, course=course), False


def _require_purchasable(user: User, course: Course) -> None:
    """Raise PaymentError unless `user` could enroll in the course after a payment.

    409 for a free course, the user's own course, or one that the user is enrolled in; 403 `barred` for one that the
    user was removed from.
    """
    if course.is_free:
        raise PaymentError("course_is_free", _("This course is free. Enroll without an order."))
    if course.instructor_id == user.pk:
        raise PaymentError("own_course", _("You teach this course. Open it as its author."))
    if Enrollment.objects.active().filter(user=user, course=course).exists():
        raise PaymentError("already_enrolled", _("You are already enrolled in this course."))
    require_not_barred(user, course, raises=PaymentError)


def _get_valid_coupon(code: str, course: Course, user: User, *, lock: bool = False) -> Coupon:
    """Return the coupon with that code. Raises PaymentError `coupon_invalid` (400) when it does not apply.

    With `lock`, its row is locked, so that two buyers cannot both take the last use.
    """
    coupons = Coupon.objects.select_for_update() if lock else Coupon.objects.all()
    coupon = coupons.filter(code=code).first()
    if coupon is None or not coupon.is_valid_at():
        raise PaymentError("coupon_invalid", _("This coupon does not exist or is not valid now."), status=400)
    if coupon.courses.exists() and not coupon.courses.filter(pk=course.pk).exists():
        raise PaymentError("coupon_invalid", _("This coupon does not apply to this course."), status=400)
    if coupon.discount_for(course.price_cents, course.currency) is None:
        raise PaymentError("coupon_invalid", _("This coupon is for another currency."), status=400)
    if coupon.max_uses is not None and coupon.count_uses(user=user, course=course) >= coupon.max_uses:
        raise PaymentError("coupon_invalid", _("This coupon has been used up."), status=400)
    return coupon


def _create_order(user: User, course: Course, code: str) -> Order:
    """Create the order with its prices; complete it when the amount is zero."""
    coupon = _get_valid_coupon(code, course, user, lock=True) if code else None
    # A concurrent free order, or the order that was to be replaced, may have enrolled the buyer since the first check.
    _require_purchasable(user, course)
    price = course.price_cents
    discount = (coupon.discount_for(price, course.currency) or 0) if coupon else 0
    amount = money.round_to_chargeable(price - discount, course.currency)
    order = Order.objects.create(
        user=user,
        course=course,
        course_title=course.title,
        coupon=coupon,
        list_amount=price,
        discount=price - amount,
        amount=amount,
        currency=course.currency,
        expires_at=timezone.now() + PRICE_HOLD_TIME,
    )
    changes = {"course": str(course.pk), "amount": amount, "currency": order.currency}
    record(actor=user, action="payments.ordered", target=order, changes=changes)
    if amount == 0:
        order_updates.update_order(order_updates.lock_order(order.pk), actor=user)
        order.refresh_from_db()
    return order


def cancel_order(*, order: Order) -> None:
    """Fail a pending order after canceling its intent, so that an old price cannot be paid beside a new one.

    An order that turns out to be paid is completed instead.
    """
    if order.stripe_payment_intent_id is None:
        with transaction.atomic():
            current = order_updates.lock_order(order.pk)
            if current.stripe_payment_intent_id is None:
                order_updates.fail_order(current, intent_canceled=False)
                return
        order = current
    try:
        data = stripe_client.cancel_intent(order.stripe_payment_intent_id or "")
    except PaymentError as error:
        if error.code != "payment_refused":
            raise
        data = stripe_client.retrieve_intent(order.stripe_payment_intent_id or "")
    apply_intent(order, data)


def apply_intent(order: Order, data: dict[str, Any]) -> Order:
    """Apply a PaymentIntent that was just retrieved from Stripe to its order, under the lock; return the order."""
    with transaction.atomic():
        current = order_updates.lock_order(order.pk)
        current.checked_at = timezone.now()
        current.save(update_fields=["checked_at"])
        order_updates.apply_intent(current, IntentData.from_stripe(data))
    return current


def create_intent(*, actor: User, order: Order) -> Order:
    """Create the order's PaymentIntent at Stripe unless it has one; return the order with the intent's id.

    Concurrent calls create one intent, since the order's id is the idempotency key (quality row P07). Raises
    PaymentError `already_paid`, `already_enrolled`, `order_expired` (409), `barred` (403), `stripe_unavailable` (503).
    """
    require_verified_email(actor)
    order = Order.objects.select_related("user", "course").get(pk=order.pk)
    ORDER.check("pay", order.state, raises=PaymentError)
    if Enrollment.objects.active().filter(user=order.user, course=order.course).exists():
        raise PaymentError("already_enrolled", _("You are already enrolled in this course."))
    require_not_barred(order.user, order.course, raises=PaymentError)
    if order.stripe_payment_intent_id and order.client_secret:
        return order
    data = stripe_client.create_intent(order)
    with transaction.atomic():
        current = order_updates.lock_order(order.pk)
        if current.stripe_payment_intent_id not in (None, data["id"]):
            raise PaymentError("payment_refused", _("This order already has another payment. Load the page again."))
        if current.is_paid:  # an order that failed meanwhile stores the intent, so that it can be canceled below
            ORDER.check("pay", current.state, raises=PaymentError)
        current.stripe_payment_intent_id, current.client_secret = data["id"], data["client_secret"]
        current.save(update_fields=["stripe_payment_intent_id", "client_secret"])
    webhooks.apply_unknown_events()
    current.refresh_from_db()
    if current.status == OrderStatus.FAILED:  # canceled during the request: the new intent must not be paid
        cancel_order(order=current)
        raise ORDER_EXPIRED.error(PaymentError)
    return current


def require_sandbox() -> None:
    """Raise PaymentError `not_a_sandbox` (404) with real keys."""
    if not settings.STRIPE_SANDBOX:
        raise PaymentError("not_a_sandbox", _("Test cards do not work on this site. Pay with a real card."), status=404)


def pay_in_sandbox(*, actor: User, order: Order, card: str) -> str:
    """Pay with one of the sandbox's cards; return the intent's status. The webhook then completes the order.

    Raises PaymentError `not_a_sandbox` (404) with real keys, `card_declined` (402), and the errors of `create_intent`.
    """
    require_sandbox()
    order = create_intent(actor=actor, order=order)
    return str(stripe_client.confirm_in_sandbox(order.stripe_payment_intent_id or "", card)["status"])
