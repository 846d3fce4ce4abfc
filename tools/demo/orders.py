"""Orders of the demo's students with payments, receipts and ledger entries; Stripe has none of them."""

from collections.abc import Iterable
from datetime import timedelta

from core.models import SiteSettings
from enrollments.models import Enrollment, Source
from payments.models import Coupon, EntryKind, LedgerEntry, Order, OrderStatus, Payment, Receipt, ReceiptCounter
from payments.models.ledger import ACCOUNTS_BY_KIND
from payments.models.orders import PRICE_HOLD_TIME

SELLER = {
    "seller_name": "Campus Learning Ltd",
    "seller_address": "12 Quayside\nBristol BS1 4XX\nUnited Kingdom",
    "tax_id": "GB 000 0000 00",
    "tax_line": "VAT 20 % is included in the price.",
}
THINKING_TIME = timedelta(minutes=4)


def save_orders(enrollments: Iterable[Enrollment]) -> list[Order]:
    """Insert an order, a payment, a receipt and a ledger entry for each enrollment in a paid course.

    Returns the orders, oldest first. Seven statements.
    """
    SiteSettings.objects.update_or_create(pk=1, defaults=SELLER)
    Coupon.objects.get_or_create(code="WELCOME10", defaults={"percent_off": 10})
    paid_enrollments = sorted((one for one in enrollments if not one.course.is_free), key=lambda one: one.enrolled_at)
    orders = Order.objects.bulk_create(_order(one) for one in paid_enrollments)
    payments = Payment.objects.bulk_create(
        Payment(
            order=order,
            user=order.user,
            amount=order.amount,
            currency=order.currency,
            created_at=order.completed_at or order.created_at,
        )
        for order in orders
    )
    LedgerEntry.objects.bulk_create(_entry(order) for order in orders)
    Receipt.objects.bulk_create(_receipt(number, order) for number, order in enumerate(orders, start=1))
    ReceiptCounter.objects.update_or_create(pk=1, defaults={"last_number": len(orders)})
    for enrollment, payment in zip(paid_enrollments, payments, strict=True):
        enrollment.source, enrollment.payment_id = Source.PAID, payment.pk
    Enrollment.objects.bulk_update(paid_enrollments, ["source", "payment_id"])
    return orders


def _order(enrollment: Enrollment) -> Order:
    """Return the unsaved paid order of an enrollment."""
    course, at = enrollment.course, enrollment.enrolled_at
    return Order(
        user=enrollment.user,
        course=course,
        course_title=course.title,
        list_amount=course.price_cents,
        amount=course.price_cents,
        currency=course.currency,
        status=OrderStatus.COMPLETED,
        created_at=at - THINKING_TIME,
        expires_at=at - THINKING_TIME + PRICE_HOLD_TIME,
        completed_at=at,
        receipt_mailed_at=at,
    )


def _entry(order: Order) -> LedgerEntry:
    """Return the unsaved ledger entry of an order."""
    source, target = ACCOUNTS_BY_KIND[EntryKind.PAYMENT]
    return LedgerEntry(
        order=order,
        kind=EntryKind.PAYMENT,
        source=source,
        target=target,
        amount=order.amount,
        currency=order.currency,
        key=f"demo:{order.pk}",
        created_at=order.completed_at or order.created_at,
    )


def _receipt(number: int, order: Order) -> Receipt:
    """Return the unsaved receipt of an order."""
    return Receipt(
        order=order,
        number=number,
        issued_at=order.completed_at or order.created_at,
        seller=SELLER["seller_name"],
        seller_address=SELLER["seller_address"],
        tax_id=SELLER["tax_id"],
        tax_line=SELLER["tax_line"],
    )
