"""Refund payments."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from payments import order_updates, stripe_client
from payments.errors import PaymentError
from payments.models import Order, Payment, Refund, RefundState
from payments.states import ORDER
from payments.stripe_objects import RefundData

REFUND_PERMISSION = "payments.add_refund"


def refund_payment(*, actor: User, payment: Payment, amount: int | None = None, reason: str = "") -> Payment:
    """Refund `amount` minor units, or all that remains; return the payment.

    The refund's row is created before the call to Stripe, one at a time for an order; its id is the idempotency key.

    Raises PaymentError `not_allowed` (403), `invalid_amount` (400), `already_refunded`, `refund_exceeds`,
    `refund_in_progress`, `not_at_stripe` (409), `stripe_unavailable` (503: a repeated call resumes the refund).
    """
    if not actor.has_perm(REFUND_PERMISSION):
        raise PaymentError("not_allowed", _("You don't have permission to refund payments."), status=403)
    if amount is not None and amount <= 0:
        raise PaymentError("invalid_amount", _("Enter an amount greater than zero."), status=400)
    if payment.order.stripe_payment_intent_id is None:
        raise PaymentError("not_at_stripe", _("This order was not paid through Stripe. Refund it outside this site."))
    refund = request_refund(actor, payment.order_id, amount, reason)
    send_refund(refund)
    return Payment.objects.select_related("order").get(pk=payment.pk)


def request_refund(actor: User, order_id: Any, amount: int | None, reason: str) -> Refund:
    """Create the row of a new refund and return it, or return the order's abandoned one."""
    with transaction.atomic():
        order = order_updates.lock_order(order_id)
        remaining = order.amount - order.refunded_amount
        requested = Refund.objects.filter(order=order, state=RefundState.REQUESTED).first()
        if requested is not None:
            return _resume(requested, amount)
        ORDER.check("refund", order.state, raises=PaymentError)
        if remaining <= 0:
            raise PaymentError("already_refunded", _("This payment has already been refunded in full."))
        if amount is not None and amount > remaining:
            raise PaymentError("refund_exceeds", _("The amount is more than what remains of the payment."))
        try:
            with transaction.atomic():
                return Refund.objects.create(
                    order=order, amount=amount or remaining, currency=order.currency, reason=reason[:300], actor=actor
                )
        except IntegrityError as error:
            raise _in_progress_error() from error


def _resume(requested: Refund, amount: int | None) -> Refund:
    """Return a refund whose request was abandoned. Raises PaymentError `refund_in_progress` for any other."""
    if not requested.is_abandoned() or amount not in (None, requested.amount):
        raise _in_progress_error()
    requested.tried_at = timezone.now()
    requested.save(update_fields=["tried_at"])
    return requested


def _in_progress_error() -> PaymentError:
    return PaymentError(
        "refund_in_progress", _("Another refund of this payment is in progress. Try again in a moment."), retry_after=5
    )


def send_refund(refund: Refund) -> None:
    """Send a requested refund to Stripe and book the response.

    Without a response the row stays requested and can be resumed at once; a rejection marks it as failed.
    """
    order = Order.objects.get(pk=refund.order_id)
    try:
        data = stripe_client.create_refund(refund, order.stripe_payment_intent_id or "")
    except PaymentError as error:
        resumable = timezone.now() - 2 * Refund.RESUMABLE_AFTER
        changes: dict[str, Any] = {"tried_at": resumable} if error.status == 503 else {"state": RefundState.FAILED}
        Refund.objects.filter(pk=refund.pk, state=RefundState.REQUESTED).update(**changes)
        raise
    with transaction.atomic():
        current = order_updates.lock_order(order.pk)
        refund_data = RefundData.from_stripe({"payment_intent": order.stripe_payment_intent_id, **data})
        order_updates.record_refund(current, refund_data)
        order_updates.update_order(current, actor=refund.actor)
