"""The control of experiment 8b: the site without the guards that make ten concurrent refunds one refund.

There are three guards: the row lock, the check for an open refund, and the database constraint. The experiment drops
the constraint itself, and makes the Stripe sandbox accept refunds beyond the payment.
"""

from typing import Any
from unittest.mock import patch

from tools.experiments.without_locks import application  # sets Django up, which the next imports need

from payments import order_updates, refunds  # isort: skip
from payments.errors import PaymentError  # isort: skip
from payments.models import Refund  # isort: skip

__all__ = ["application"]


def _create_refund(actor: Any, order_id: Any, amount: int | None, reason: str) -> Refund:
    """Insert the row of a new refund even if another one is open."""
    order = order_updates.lock_order(order_id)
    left = order.amount - order.refunded_amount
    if left <= 0:
        raise PaymentError("already_refunded", "")
    return Refund.objects.create(
        order=order, amount=amount or left, currency=order.currency, reason=reason, actor=actor
    )


patch.object(refunds, "request_refund", _create_refund).start()  # raises AttributeError if it is renamed
