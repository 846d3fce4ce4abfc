"""The control of experiment 8b: the site without what keeps ten refunds of one payment from being ten.

Three things do: the row lock, the look for a refund that is under way, and the constraint of the database, which the
experiment takes away itself, with what Stripe refuses.
"""

from typing import Any

from lms.experiments.without_locks import application

from payments import refunding, settling  # isort: skip
from payments.errors import PaymentError  # isort: skip
from payments.models import Refund  # isort: skip

__all__ = ["application"]


def _ask_for_another(actor: Any, order_id: Any, amount: int | None, reason: str) -> Refund:
    """Write the row of a new refund, whatever else is under way."""
    order = settling.locked(order_id)
    left = order.amount - order.refunded_amount
    if left <= 0:
        raise PaymentError("already_refunded", "")
    return Refund.objects.create(
        order=order, amount=amount or left, currency=order.currency, reason=reason, actor=actor
    )


refunding._ask_for = _ask_for_another
