"""From what Stripe says to what we hold: payment, refunds and disputes booked once, the order and the access to its
course following from them.

Everything here runs inside the caller's transaction, with the order's row locked, and asks nobody. Facts only ever add
up (a payment is there or not; what was refunded is the largest sum that anybody named), so that any order of the same
events, any number of times, ends in the same state (QUALITY P03, P04).
"""

import uuid
from typing import Any

from django.conf import settings
from django.db.models import F, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from enrollments.errors import EnrollmentError
from enrollments.models import Enrollment, Source
from enrollments.services import enroll, revoke
from enrollments.signals import access_refunded
from lms.platform.audit import record
from lms.platform.models import SiteSettings
from payments.errors import PaymentError
from payments.facts import ChargeFacts, DisputeFacts, IntentFacts, RefundFacts
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
from payments.models.ledger import MOVES
from payments.states import ORDER
from payments.tasks import mail_dispute, mail_receipt, mail_refund
from realtime.models import Event
from realtime.services import push

# Refunds of these states give nothing back.
NOT_GIVEN_BACK = ("failed", "canceled")


def locked(order_id: Any) -> Order:
    """Return the order with its row locked until the end of the transaction."""
    return Order.objects.select_for_update(of=("self",)).select_related("user", "course").get(pk=order_id)


def flag(order: Order, text: str, **changes: Any) -> None:
    """Mark an order for somebody to look at, once, and say why in the audit log."""
    if order.flag:
        return
    order.flag = text[:300]
    order.save(update_fields=["flag"])
    record(actor=None, action="payments.flagged", target=order, changes={"reason": text, **changes})


def mismatch(order: Order, facts: IntentFacts) -> str:
    """Return why an intent cannot be this order's, in words; nothing when it can (QUALITY P01)."""
    if order.stripe_payment_intent_id not in (None, facts.id):
        return _("Another payment intent claims this order.")
    if facts.order_id != str(order.pk):
        return _("The payment intent names another order.")
    if (facts.amount, facts.currency) != (order.amount, order.currency):
        return _("The amount that was paid is not the order's.")
    if facts.livemode != settings.STRIPE_LIVE_MODE:
        return _("The payment is of another mode, test or live, than this site.")
    return ""


def apply_intent(order: Order, facts: IntentFacts, *, actor: Any = None) -> bool:
    """Take over what a PaymentIntent says of a locked order; return False for one that does not fit, which flags it."""
    wrong = mismatch(order, facts)
    if wrong:
        flag(order, wrong, intent=facts.id, amount=facts.amount, currency=facts.currency)
        return False
    if order.stripe_payment_intent_id is None:
        order.stripe_payment_intent_id = facts.id
        order.save(update_fields=["stripe_payment_intent_id"])
    if facts.status == "succeeded":
        _book_payment(order, facts)
        order.charge_refunded = max(order.charge_refunded, facts.charge_refunded)
        settle(order, actor=actor)
        _book_fee(order, facts)
    elif facts.status == "canceled":
        fail(order, settled=True)
    elif facts.error and not order.is_paid:
        order.last_error = facts.error[:300]
        order.save(update_fields=["last_error"])
    return True


def _is_of(order: Order, intent_id: str) -> bool:
    """Return whether a charge or refund of that intent can be this order's; not every refund names its intent."""
    return not intent_id or order.stripe_payment_intent_id in (None, intent_id)


def apply_charge(order: Order, facts: ChargeFacts) -> bool:
    """Take over what a charge says was refunded; a charge that was paid is also a payment."""
    fits = (facts.amount, facts.currency) == (order.amount, order.currency) and facts.refunded <= order.amount
    if not fits or not _is_of(order, facts.intent_id):
        flag(order, _("A charge does not fit the order."), charge=facts.id, amount=facts.amount)
        return False
    order.charge_refunded = max(order.charge_refunded, facts.refunded)
    order.save(update_fields=["charge_refunded"])
    for data in facts.refunds:
        note_refund(order, RefundFacts.of(data))
    settle(order)
    return True


def apply_refund(order: Order, facts: RefundFacts) -> bool:
    """Take over a refund; return False for one that is more than was paid."""
    if facts.currency != order.currency or facts.amount > order.amount or not _is_of(order, facts.intent_id):
        flag(order, _("A refund does not fit the order."), refund=facts.id, amount=facts.amount)
        return False
    refund = note_refund(order, facts)
    settle(order, actor=refund.actor if refund else None)
    return True


def note_refund(order: Order, facts: RefundFacts) -> Refund | None:
    """Write a refund's row, or bring the one that we asked for up to date; return it, or None when there is none.

    One that failed after it counted leaves the books as they are, and the order flagged: somebody has to pay by another
    way."""
    ours = Refund.objects.filter(order=order)
    refund = ours.filter(stripe_refund_id=facts.id).first() or _asked_for(ours, facts.refund_id)
    if facts.status in NOT_GIVEN_BACK:
        if refund is not None and refund.state == RefundState.REQUESTED:
            refund.state, refund.stripe_refund_id = RefundState.FAILED, facts.id
            refund.save(update_fields=["state", "stripe_refund_id"])
        flag(order, _("A refund failed at the bank."), refund=facts.id)
        return refund
    if refund is None:
        refund = Refund(order=order, amount=facts.amount, currency=order.currency)
    if refund.state != RefundState.SUCCEEDED:
        refund.state, refund.stripe_refund_id = RefundState.SUCCEEDED, facts.id
        refund.save()
    return refund


def _asked_for(refunds: Any, refund_id: str) -> Refund | None:
    """Return the refund of that id, if it can be one."""
    try:
        found: Refund | None = refunds.filter(pk=uuid.UUID(refund_id)).first()
    except ValueError:
        return None
    return found


def apply_dispute(order: Order, facts: DisputeFacts, event_type: str) -> bool:
    """Take over a dispute: the order is flagged and staff are told, once; what the bank withdrew or gave back is
    booked. Access stays until somebody decides."""
    dispute, is_new = Dispute.objects.get_or_create(
        stripe_dispute_id=facts.id,
        defaults={"order": order, "amount": facts.amount, "currency": facts.currency, "reason": facts.reason[:80]},
    )
    if event_type == "charge.dispute.closed" and not dispute.closed_as:
        dispute.closed_as = facts.status[:40]
        dispute.save(update_fields=["closed_as"])
    if event_type == "charge.dispute.funds_withdrawn":
        book(order, EntryKind.DISPUTE, facts.amount, facts.currency, key=facts.id)
    if event_type == "charge.dispute.funds_reinstated":
        book(order, EntryKind.DISPUTE_WON, facts.amount, facts.currency, key=facts.id)
    if is_new:
        if order.disputed_at is None:
            order.disputed_at = timezone.now()
            order.save(update_fields=["disputed_at"])
        flag(order, _("The cardholder disputes the payment."), dispute=facts.id, amount=facts.amount)
        mail_dispute.delay_on_commit(str(order.pk))
    return True


def book(order: Order, kind: EntryKind, amount: int, currency: str, *, key: str, actor: Any = None) -> bool:
    """Append an entry to the ledger unless that fact is booked already; return whether it was not."""
    source, target = MOVES[kind]
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


def _book_payment(order: Order, facts: IntentFacts) -> None:
    """Write the payment, its entry and its receipt, unless they are there."""
    payment, is_new = Payment.objects.get_or_create(
        order=order,
        defaults={
            "user": order.user,
            "amount": order.amount,
            "currency": order.currency,
            "payment_method": facts.method[:40],
            "stripe_payment_method_id": facts.method_id or None,
            "transaction_id": facts.charge_id or None,
            "metadata": {"payment_intent": facts.id},
        },
    )
    if is_new:
        book(order, EntryKind.PAYMENT, order.amount, order.currency, key=facts.id)
        record(
            actor=order.user,
            action="payments.paid",
            target=payment,
            changes={"order": str(order.pk), "amount": order.amount, "currency": order.currency},
        )
        _write_receipt(order)


def _book_fee(order: Order, facts: IntentFacts) -> None:
    """Book what Stripe kept for itself, where the intent came with it."""
    if facts.fee > 0:
        book(order, EntryKind.FEE, facts.fee, facts.fee_currency, key=facts.fee_id)


def _write_receipt(order: Order) -> None:
    """Number the receipt, and keep on it who sold what."""
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


def settle(order: Order, *, actor: Any = None) -> None:
    """Fold what is known of a locked order into its state, and open or close its course accordingly.

    Refunds that came before their payment wait in their rows, and count once it is there.
    """
    if order.amount and not Payment.objects.filter(order=order).exists():
        order.save(update_fields=["charge_refunded"])
        return
    ORDER.check("settle", order.state, raises=PaymentError)
    before = order.status
    named = Refund.objects.filter(order=order, state=RefundState.SUCCEEDED).aggregate(sum=Sum("amount"))["sum"] or 0
    refunded = min(order.amount, max(named, order.charge_refunded))
    if refunded > order.refunded_amount:
        _book_refund(order, refunded, actor)
    gone = bool(order.amount) and refunded >= order.amount
    order.status = OrderStatus.REFUNDED if gone else OrderStatus.COMPLETED
    order.completed_at = order.completed_at or timezone.now()
    order.last_error = ""
    order.save()
    if before != order.status:
        if not gone:
            _open(order)
        elif before == OrderStatus.COMPLETED:
            _close(order, actor)


def _book_refund(order: Order, refunded: int, actor: Any) -> None:
    """Book by how much the sum of an order's refunds has grown, say so in the audit log, and write to the buyer."""
    grown = refunded - order.refunded_amount
    book(order, EntryKind.REFUND, grown, order.currency, key=f"{order.pk}:{refunded}", actor=actor)
    order.refunded_amount = refunded
    changes = {"amount": grown, "currency": order.currency, "refunded": refunded}
    record(actor=actor, action="payments.refunded", target=order, changes=changes)
    mail_refund.delay_on_commit(str(order.pk), grown)


def _open(order: Order) -> None:
    """Let the buyer in, and tell them. Who is in already stays in, and staff are shown an order paid twice."""
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
        if error.code != "already_enrolled":
            raise
    others = Order.objects.standing().filter(user=order.user, course=order.course).exclude(pk=order.pk)
    if others.exists():
        flag(order, _("Another order has paid for the same course."))
    if payment is not None:
        mail_receipt.delay_on_commit(str(order.pk))
    payload = {"order_id": str(order.pk), "course_id": str(order.course_id), "title": order.course_title}
    push([order.user_id], Event.PAYMENT_SUCCEEDED, payload)


def _close(order: Order, actor: Any) -> None:
    """End the access that this order paid for, unless another order still does (QUALITY E07)."""
    if Order.objects.standing().filter(user=order.user, course=order.course).exists():
        return
    bought = Enrollment.objects.active().filter(user=order.user, course=order.course, source=Source.PAID).first()
    if bought is not None:
        revoke(actor=actor, enrollment=bought, reason=_("The payment was refunded."))
        access_refunded.send(sender=Enrollment, enrollment=bought, actor=actor)


def fail(order: Order, *, settled: bool) -> None:
    """Give up an order that was not paid. `settled`: its intent is cancelled, nothing more can come."""
    if not ORDER.check("fail", order.state, raises=PaymentError):
        return
    order.status = OrderStatus.FAILED
    order.is_settled = order.is_settled or settled
    order.save(update_fields=["status", "is_settled"])
