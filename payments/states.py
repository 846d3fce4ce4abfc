"""States of an order, and the operations that each state allows."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from core.state_machine import Refusal, StateMachine


class OrderState(StrEnum):
    """The state of an order; `EXPIRED` is a pending order whose price is no longer held."""

    PENDING = "pending"
    EXPIRED = "expired"
    FAILED = "failed"
    COMPLETED = "completed"
    REFUNDED = "refunded"


PENDING, EXPIRED, FAILED, COMPLETED, REFUNDED = OrderState
ORDER_EXPIRED = Refusal(
    "order_expired", _("This order has expired. Prices are held for 30 minutes. Order the course again.")
)
ALREADY_PAID = Refusal("already_paid", _("This order has already been paid."))
NOT_PAID = Refusal("not_paid", _("This order has not been paid."))

ORDER = StateMachine(
    OrderState,
    {
        # Create a payment intent.
        "pay": {
            PENDING: (PENDING,),
            EXPIRED: ORDER_EXPIRED,
            FAILED: ORDER_EXPIRED,
            COMPLETED: ALREADY_PAID,
            REFUNDED: ALREADY_PAID,
        },
        # Compute the status from the payment and the refunds. A payment that arrives after the order expired or failed
        # still counts (quality row P04), and a fully refunded order never grants access again.
        "update": {
            PENDING: (COMPLETED, REFUNDED),
            EXPIRED: (COMPLETED, REFUNDED),
            FAILED: (COMPLETED, REFUNDED),
            COMPLETED: (COMPLETED, REFUNDED),
            REFUNDED: (REFUNDED,),
        },
        "fail": {PENDING: (FAILED,), EXPIRED: (FAILED,), FAILED: (FAILED,), COMPLETED: (), REFUNDED: ()},
        "refund": {
            PENDING: NOT_PAID,
            EXPIRED: NOT_PAID,
            FAILED: NOT_PAID,
            COMPLETED: (COMPLETED, REFUNDED),
            REFUNDED: Refusal("already_refunded", _("This payment has already been refunded in full.")),
        },
    },
)
