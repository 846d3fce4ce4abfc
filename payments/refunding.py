"""Giving money back."""

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from payments import gateway, settling
from payments.errors import PaymentError
from payments.facts import RefundFacts
from payments.models import Order, Payment, Refund, RefundState
from payments.states import ORDER

MAY_REFUND = "payments.add_refund"


def refund_payment(*, actor: User, payment: Payment, amount: int | None = None, reason: str = "") -> Payment:
    """Give back `amount` minor units, or all that is left; return the payment.

    The row of the refund is written before Stripe is asked, one at a time for an order; its id is the idempotency key.
    Raises PaymentError `not_allowed` (403), `invalid_amount` (400), `already_refunded`, `refund_exceeds`,
    `refund_in_progress`, `not_at_stripe` (409), `stripe_unavailable` (503: the same call again goes on where this one
    stopped).
    """
    if not actor.has_perm(MAY_REFUND):
        raise PaymentError("not_allowed", _("You may not give money back."), status=403)
    if amount is not None and amount <= 0:
        raise PaymentError("invalid_amount", _("Give an amount above zero."), status=400)
    if payment.order.stripe_payment_intent_id is None:
        raise PaymentError("not_at_stripe", _("This order was not paid at Stripe: give the money back as it came."))
    refund = _ask_for(actor, payment.order_id, amount, reason)
    carry_out(refund)
    return Payment.objects.select_related("order").get(pk=payment.pk)


def _ask_for(actor: User, order_id: Any, amount: int | None, reason: str) -> Refund:
    """Write the row of a new refund; return it, or the one that was left unanswered."""
    with transaction.atomic():
        order = settling.locked(order_id)
        left = order.amount - order.refunded_amount
        waiting = Refund.objects.filter(order=order, state=RefundState.REQUESTED).first()
        if waiting is not None:
            return _taken_up(waiting, amount)
        ORDER.check("refund", order.state, raises=PaymentError)
        if left <= 0:
            raise PaymentError("already_refunded", _("All of it was given back already."))
        if amount is not None and amount > left:
            raise PaymentError("refund_exceeds", _("That is more than is left of the payment."))
        try:
            with transaction.atomic():
                return Refund.objects.create(
                    order=order, amount=amount or left, currency=order.currency, reason=reason[:300], actor=actor
                )
        except IntegrityError as error:
            raise _in_progress() from error


def _taken_up(waiting: Refund, amount: int | None) -> Refund:
    """Return a refund that nobody works on any more; raise PaymentError `refund_in_progress` for one that is."""
    if not waiting.is_abandoned() or amount not in (None, waiting.amount):
        raise _in_progress()
    waiting.tried_at = timezone.now()
    waiting.save(update_fields=["tried_at"])
    return waiting


def _in_progress() -> PaymentError:
    return PaymentError("refund_in_progress", _("A refund of this payment is under way."), retry_after=5)


def carry_out(refund: Refund) -> None:
    """Ask Stripe for a refund that is written down, and book its answer.

    Without an answer the row stays, free to be taken up at once; a refusal ends it.
    """
    order = Order.objects.get(pk=refund.order_id)
    try:
        data = gateway.create_refund(refund, order.stripe_payment_intent_id or "")
    except PaymentError as error:
        left = timezone.now() - 2 * Refund.RESUMABLE_AFTER
        changes: dict[str, Any] = {"tried_at": left} if error.status == 503 else {"state": RefundState.FAILED}
        Refund.objects.filter(pk=refund.pk, state=RefundState.REQUESTED).update(**changes)
        raise
    with transaction.atomic():
        current = settling.locked(order.pk)
        facts = RefundFacts.of({"payment_intent": order.stripe_payment_intent_id, **data})
        settling.note_refund(current, facts)
        settling.settle(current, actor=refund.actor)
