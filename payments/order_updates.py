"""Apply payments, refunds and disputes to an order: ledger, receipt, status, and access to the course.

Every function but `clear_flag` runs inside the caller's transaction, with the order's row locked. None sends a request
to Stripe.
Data is only ever added (a payment exists or not; the refunded total is the largest one that any event named), so the
same events end in the same state in any order and any number of times (quality rows P03, P04).
"""

import uuid
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from core.audit.entries import record
from core.models import SiteSettings
from enrollments.errors import EnrollmentError
from enrollments.models import Enrollment, Source
from enrollments.services import end_enrollment, enroll
from enrollments.signals import access_refunded
from payments.errors import PaymentError
from payments.models import (
    Dispute,
    EntryKind,
    LedgerEntry,
    Order,
    OrderStatus,
    Payment,
    Receipt,
    ReceiptCounter,
    Refund,
    RefundState,
)
from payments.models.ledger import ACCOUNTS_BY_KIND
from payments.states import ORDER
from payments.stripe_objects import ChargeData, DisputeData, IntentData, RefundData
from payments.tasks import mail_dispute, mail_receipt, mail_refund
from realtime.models import Event
from realtime.services import push

# Refunds with these statuses return no money to the buyer.
UNSUCCESSFUL_REFUND_STATUSES = ("failed", "canceled")


def lock_order(order_id: Any) -> Order:
    """Return the order with its row locked until the end of the transaction."""
    return Order.objects.select_for_update(of=("self",)).select_related("user", "course").get(pk=order_id)


def flag_order(order: Order, reason: str, **changes: Any) -> None:
    """Flag an order for review by staff and record the reason in the audit log, unless it is flagged already."""
    if order.flag:
        return
    order.flag = reason[:300]
    order.save(update_fields=["flag"])
    record(actor=None, action="payments.flagged", target=order, changes={"reason": reason, **changes})


@transaction.atomic
def clear_flag(*, actor: Any, order: Order) -> None:
    """Clear the flag of an order and record it in the audit log. A repeat has no effect."""
    order = lock_order(order.pk)
    if order.flag:
        record(actor=actor, action="payments.flag_cleared", target=order, changes={"flag": order.flag})
        order.flag = ""
        order.save(update_fields=["flag"])


def find_mismatch(order: Order, intent: IntentData) -> str:
    """Return why the intent cannot belong to this order, or an empty string if it can (quality row P01)."""
    if order.stripe_payment_intent_id not in (None, intent.id):
        return _("The order already has another payment intent.")
    if intent.order_id != str(order.pk):
        return _("The payment intent is for another order.")
    if (intent.amount, intent.currency) != (order.amount, order.currency):
        return _("The paid amount differs from the order's amount.")
    if intent.livemode != settings.STRIPE_LIVE_MODE:
        return _("The payment was made in live mode and this site is in test mode, or the reverse.")
    return ""


def apply_intent(order: Order, intent: IntentData, *, actor: Any = None) -> bool:
    """Apply a PaymentIntent to a locked order; flag the order and return False if the intent does not match it."""
    mismatch = find_mismatch(order, intent)
    if mismatch:
        flag_order(order, mismatch, intent=intent.id, amount=intent.amount, currency=intent.currency)
        return False
    if order.stripe_payment_intent_id is None:
        order.stripe_payment_intent_id = intent.id
        order.save(update_fields=["stripe_payment_intent_id"])
    if intent.status == "succeeded":
        _book_payment(order, intent)
        order.charge_refunded = max(order.charge_refunded, intent.charge_refunded)
        update_order(order, actor=actor)
        _book_fee(order, intent)
    elif intent.status == "canceled":
        fail_order(order, intent_canceled=True)
    elif intent.error and not order.is_paid:
        order.last_error = intent.error[:300]
        order.save(update_fields=["last_error"])
    return True


def _can_belong_to(order: Order, intent_id: str) -> bool:
    """Return whether a charge or refund of that intent can belong to the order; some refunds have no intent id."""
    return not intent_id or order.stripe_payment_intent_id in (None, intent_id)


def apply_charge(order: Order, charge: ChargeData) -> bool:
    """Apply the refunded total and the refunds of a charge; flag the order and return False if it does not match."""
    matches = (charge.amount, charge.currency) == (order.amount, order.currency) and charge.refunded <= order.amount
    if not matches or not _can_belong_to(order, charge.intent_id):
        flag_order(order, _("A charge does not match the order."), charge=charge.id, amount=charge.amount)
        return False
    order.charge_refunded = max(order.charge_refunded, charge.refunded)
    order.save(update_fields=["charge_refunded"])
    for refund in charge.refunds:
        record_refund(order, refund)
    update_order(order)
    return True


def apply_refund(order: Order, data: RefundData) -> bool:
    """Apply a refund; flag the order and return False if it does not match or exceeds the order's amount."""
    if data.currency != order.currency or data.amount > order.amount or not _can_belong_to(order, data.intent_id):
        flag_order(order, _("A refund does not match the order."), refund=data.id, amount=data.amount)
        return False
    refund = record_refund(order, data)
    update_order(order, actor=refund.actor if refund else None)
    return True


def record_refund(order: Order, data: RefundData) -> Refund | None:
    """Create or update the row of a refund and return it; return None for an unsuccessful refund without a row.

    A refund that fails after it was booked leaves the ledger unchanged and flags the order: staff have to return the
    money in another way.
    """
    refunds = Refund.objects.filter(order=order)
    refund = refunds.filter(stripe_refund_id=data.id).first() or _find_requested(refunds, data.refund_id)
    if data.status in UNSUCCESSFUL_REFUND_STATUSES:
        if refund is not None and refund.state == RefundState.REQUESTED:
            refund.state, refund.stripe_refund_id = RefundState.FAILED, data.id
            refund.save(update_fields=["state", "stripe_refund_id"])
        flag_order(order, _("A refund failed at the bank."), refund=data.id)
        return refund
    if refund is None:
        refund = Refund(order=order, amount=data.amount, currency=order.currency)
    if refund.state != RefundState.SUCCEEDED:
        refund.state, refund.stripe_refund_id = RefundState.SUCCEEDED, data.id
        refund.save()
    return refund


def _find_requested(refunds: QuerySet[Refund], refund_id: str) -> Refund | None:
    """Return the refund with that id; None for an unknown id or text that is not a UUID."""
    try:
        return refunds.filter(pk=uuid.UUID(refund_id)).first()
    except ValueError:
        return None


def apply_dispute(order: Order, data: DisputeData, event_type: str) -> bool:
    """Apply a dispute: book withdrawn and reinstated money; flag the order and mail administrators once.

    The buyer keeps access to the course until staff decide otherwise.
    """
    dispute, is_new = Dispute.objects.get_or_create(
        stripe_dispute_id=data.id,
        defaults={"order": order, "amount": data.amount, "currency": data.currency, "reason": data.reason[:80]},
    )
    if event_type == "charge.dispute.closed" and not dispute.closed_as:
        dispute.closed_as = data.status[:40]
        dispute.save(update_fields=["closed_as"])
    if event_type == "charge.dispute.funds_withdrawn":
        book_entry(order, EntryKind.DISPUTE, data.amount, data.currency, key=data.id)
    if event_type == "charge.dispute.funds_reinstated":
        book_entry(order, EntryKind.DISPUTE_WON, data.amount, data.currency, key=data.id)
    if is_new:
        if order.disputed_at is None:
            order.disputed_at = timezone.now()
            order.save(update_fields=["disputed_at"])
        flag_order(order, _("The cardholder disputes the payment."), dispute=data.id, amount=data.amount)
        mail_dispute.delay_on_commit(str(order.pk))
    return True


def book_entry(order: Order, kind: EntryKind, amount: int, currency: str, *, key: str, actor: Any = None) -> bool:
    """Append an entry to the ledger unless one of that kind and key exists; return whether it was appended."""
    source, target = ACCOUNTS_BY_KIND[kind]
    _entry, is_new = LedgerEntry.objects.get_or_create(
        kind=kind,
        key=key,
        defaults={
            "order": order,
            "source": source,
            "target": target,
            "amount": amount,
            "currency": currency,
            "actor_id": getattr(actor, "pk", None),
        },
    )
    return is_new


def _book_payment(order: Order, intent: IntentData) -> None:
    """Create the payment with its ledger entry and receipt, unless the order has a payment."""
    payment, is_new = Payment.objects.get_or_create(
        order=order,
        defaults={
            "user": order.user,
            "amount": order.amount,
            "currency": order.currency,
            "payment_method": intent.method[:40],
            "stripe_payment_method_id": intent.method_id or None,
            "transaction_id": intent.charge_id or None,
            "metadata": {"payment_intent": intent.id},
        },
    )
    if is_new:
        book_entry(order, EntryKind.PAYMENT, order.amount, order.currency, key=intent.id)
        record(
            actor=order.user,
            action="payments.paid",
            target=payment,
            changes={"order": str(order.pk), "amount": order.amount, "currency": order.currency},
        )
        _create_receipt(order)


def _book_fee(order: Order, intent: IntentData) -> None:
    """Book Stripe's fee, if the intent includes it."""
    if intent.fee > 0:
        book_entry(order, EntryKind.FEE, intent.fee, intent.fee_currency, key=intent.fee_id)


def _create_receipt(order: Order) -> None:
    """Create the receipt with the next number and the seller's current details."""
    ReceiptCounter.objects.get_or_create(pk=1)
    counter = ReceiptCounter.objects.select_for_update().get(pk=1)
    counter.last_number = F("last_number") + 1
    counter.save(update_fields=["last_number"])
    counter.refresh_from_db()
    site = SiteSettings.current()
    Receipt.objects.create(
        order=order,
        number=counter.last_number,
        seller=site.seller_name or site.name,
        seller_address=site.seller_address,
        tax_id=site.tax_id,
        tax_line=site.tax_line,
    )


def update_order(order: Order, *, actor: Any = None) -> None:
    """Compute the status of a locked order from its payment and refunds; grant or revoke access when it changes.

    Refunds that arrive before their payment stay in their rows and count once the payment exists.
    """
    if order.amount and not Payment.objects.filter(order=order).exists():
        order.save(update_fields=["charge_refunded"])
        return
    ORDER.check("update", order.state, raises=PaymentError)
    previous_status = order.status
    succeeded = Refund.objects.filter(order=order, state=RefundState.SUCCEEDED).aggregate(sum=Sum("amount"))["sum"] or 0
    refunded = min(order.amount, max(succeeded, order.charge_refunded))
    if refunded > order.refunded_amount:
        _book_refund(order, refunded, actor)
    is_refunded = bool(order.amount) and refunded >= order.amount
    order.status = OrderStatus.REFUNDED if is_refunded else OrderStatus.COMPLETED
    order.completed_at = order.completed_at or timezone.now()
    order.last_error = ""
    order.save()
    if previous_status != order.status:
        if not is_refunded:
            _grant_access(order)
        elif previous_status == OrderStatus.COMPLETED:
            _revoke_access(order, actor)


def _book_refund(order: Order, refunded: int, actor: Any) -> None:
    """Book the increase of an order's refunded total, record it in the audit log and mail the buyer."""
    increase = refunded - order.refunded_amount
    book_entry(order, EntryKind.REFUND, increase, order.currency, key=f"{order.pk}:{refunded}", actor=actor)
    order.refunded_amount = refunded
    changes = {"amount": increase, "currency": order.currency, "refunded": refunded}
    record(actor=actor, action="payments.refunded", target=order, changes=changes)
    mail_refund.delay_on_commit(str(order.pk), increase)


def _grant_access(order: Order) -> None:
    """Enroll the buyer, mail the receipt and notify the buyer's open pages.

    A buyer who is enrolled stays enrolled. The order is flagged if the buyer was removed from the course while they
    paid, or if another order paid for the course.
    """
    payment = Payment.objects.filter(order=order).first()
    try:
        enroll(
            actor=order.user,
            user=order.user,
            course=order.course,
            source=Source.PAID,
            payment_id=payment.pk if payment else None,
        )
    except EnrollmentError as error:
        if error.code == "barred":
            flag_order(order, _("The buyer was removed from the course before the payment arrived. Refund it."))
        elif error.code != "already_enrolled":
            raise
    others = Order.objects.granting_access().filter(user=order.user, course=order.course).exclude(pk=order.pk)
    if others.exists():
        flag_order(order, _("Another order has paid for the same course."))
    if payment is not None:
        mail_receipt.delay_on_commit(str(order.pk))
    payload = {"order_id": str(order.pk), "course_id": str(order.course_id), "title": order.course_title}
    push([order.user_id], Event.PAYMENT_SUCCEEDED, payload)


def _revoke_access(order: Order, actor: Any) -> None:
    """Revoke the enrollment that this order paid for, unless another order still pays for it (quality row E07)."""
    if Order.objects.granting_access().filter(user=order.user, course=order.course).exists():
        return
    enrollment = Enrollment.objects.active().filter(user=order.user, course=order.course, source=Source.PAID).first()
    if enrollment is not None:
        end_enrollment(actor=actor, enrollment=enrollment, reason=_("The payment was refunded."))
        access_refunded.send(sender=Enrollment, enrollment=enrollment, actor=actor)


def fail_order(order: Order, *, intent_canceled: bool) -> None:
    """Mark an unpaid order as failed; with `intent_canceled`, no later payment is possible."""
    if not ORDER.check("fail", order.state, raises=PaymentError):
        return
    order.status = OrderStatus.FAILED
    order.is_settled = order.is_settled or intent_canceled
    order.save(update_fields=["status", "is_settled"])
