"""States of an order, and the operations that each allows."""

from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from lms.lib.state_machine import Refusal, StateMachine


class OrderState(StrEnum):
    """The state of an order; `EXPIRED` is a pending one whose price is no longer held."""

    PENDING = "pending"
    EXPIRED = "expired"
    FAILED = "failed"
    COMPLETED = "completed"
    REFUNDED = "refunded"


PENDING, EXPIRED, FAILED, COMPLETED, REFUNDED = OrderState
ORDER_EXPIRED = Refusal("order_expired", _("This order has expired. Prices are held for 30 minutes. Order once more."))
ALREADY_PAID = Refusal("already_paid", _("This order is paid."))
NOT_PAID = Refusal("not_paid", _("This order was not paid."))

ORDER = StateMachine(
    OrderState,
    {
        # Begin to pay: have a payment intent created.
        "pay": {
            PENDING: (PENDING,),
            EXPIRED: ORDER_EXPIRED,
            FAILED: ORDER_EXPIRED,
            COMPLETED: ALREADY_PAID,
            REFUNDED: ALREADY_PAID,
        },
        # Take over what was paid and refunded at Stripe. Money that came too late is still money (QUALITY P04), and an
        # order that was refunded whole never opens its course again.
        "settle": {
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
            REFUNDED: Refusal("already_refunded", _("All of it was given back already.")),
        },
    },
)
