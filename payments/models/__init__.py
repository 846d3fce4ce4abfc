"""Models of coupons, orders, payments, refunds, disputes, receipts, the ledger and Stripe's events."""

from payments.models.coupons import Coupon, CouponQuerySet
from payments.models.events import Outcome, StripeEvent
from payments.models.ledger import Account, EntryKind, LedgerEntry
from payments.models.orders import Order, OrderQuerySet, OrderStatus
from payments.models.payments import Dispute, Payment, PaymentQuerySet, Receipt, ReceiptCounter, Refund, RefundState

__all__ = [
    "Account",
    "Coupon",
    "CouponQuerySet",
    "Dispute",
    "EntryKind",
    "LedgerEntry",
    "Order",
    "OrderQuerySet",
    "OrderStatus",
    "Outcome",
    "Payment",
    "PaymentQuerySet",
    "Receipt",
    "ReceiptCounter",
    "Refund",
    "RefundState",
    "StripeEvent",
]
