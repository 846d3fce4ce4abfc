"""Asking Stripe about what we were not told (QUALITY P06), and whether it has the same sums as we do (P15)."""

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from payments import checkout, events, gateway, refunding, settling
from payments.errors import PaymentError
from payments.models import EntryKind, LedgerEntry, Order, OrderStatus, Refund, RefundState
from payments.tasks import mail_receipt

log = logging.getLogger(__name__)

BATCH = 200
# Opening the order's page again and again must not become as many questions.
ASK_AGAIN_AFTER = timedelta(seconds=2)
# After this an unpaid order's intent is cancelled: a little later than the price, for a payment that is under way.
GRACE = timedelta(minutes=5)
UNAVAILABLE = 503


def look_after(order: Order) -> Order:
    """Ask Stripe about one order that is waiting, unless that was done a moment ago; return it as it stands then.

    Raises PaymentError `stripe_unavailable` when nobody answers.
    """
    recently = order.checked_at is not None and order.checked_at > timezone.now() - ASK_AGAIN_AFTER
    if order.is_paid or order.stripe_payment_intent_id is None or recently:
        return order
    return checkout.take_over(order, gateway.retrieve_intent(order.stripe_payment_intent_id))


def reconcile() -> dict[str, int]:
    """Do everything that a lost event, a lost answer or a killed process left undone; return how much of each.

    Safe to run twice at once: each step is one that may be repeated. Stops at the first question that Stripe does not
    answer; where it refuses one, that order is passed over, so that the others do not wait behind it for ever.
    """
    done = {"found": events.apply_waiting(), "asked": 0, "failed": 0, "refunded": 0, "mailed": 0}
    try:
        done["asked"] = _ask_about_pending()
        done["refunded"] = _finish_refunds()
    except PaymentError as error:
        log.warning("reconciling stops here: %s", error.code)
    done["failed"] = _fail_unpaid()
    done["mailed"] = _mail_forgotten()
    return done


def _ask_about_pending() -> int:
    """Ask about each order whose intent may have been paid; cancel the intents of those that ran out."""
    orders = list(Order.objects.to_ask_about().select_related("user", "course")[:BATCH])
    for order in orders:
        try:
            _ask_about(order)
        except PaymentError as error:
            if error.status == UNAVAILABLE:
                raise
            _pass_over(order)
    return len(orders)


def _ask_about(order: Order) -> None:
    current = checkout.take_over(order, gateway.retrieve_intent(order.stripe_payment_intent_id or ""))
    if not current.is_paid and not current.is_settled and current.expires_at < timezone.now() - GRACE:
        checkout.give_up(order=current)


def _pass_over(order: Order) -> None:
    """Note that Stripe refuses to say how an order stands: somebody has to look, and the next ones come first."""
    with transaction.atomic():
        current = settling.locked(order.pk)
        current.checked_at = timezone.now()
        current.save(update_fields=["checked_at"])
        settling.flag(current, _("Stripe does not say how this order stands."))


def _finish_refunds() -> int:
    """Ask once more for the refunds that somebody asked for and nobody answered."""
    limit = timezone.now() - Refund.RESUMABLE_AFTER
    unanswered = Refund.objects.filter(state=RefundState.REQUESTED, tried_at__lt=limit).select_related("order")
    left = list(unanswered[:BATCH])
    for refund in left:
        try:
            refunding.carry_out(refund)
        except PaymentError as error:  # one that was refused is written down as failed
            if error.status == UNAVAILABLE:
                raise
    return len(left)


def _fail_unpaid() -> int:
    """Give up the orders that ran out before anybody began to pay them."""
    ids = Order.objects.pending().filter(expires_at__lt=timezone.now(), stripe_payment_intent_id=None)
    failed = 0
    for order_id in list(ids.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            order = settling.locked(order_id)
            if order.stripe_payment_intent_id is None and order.status == OrderStatus.PENDING:
                settling.fail(order, settled=False)
                failed += 1
    return failed


def _mail_forgotten() -> int:
    """Queue the receipts whose mail was lost."""
    limit = timezone.now() - timedelta(minutes=5)
    lost = Order.objects.standing().filter(receipt_mailed_at=None, completed_at__lt=limit, payment__isnull=False)
    ids = list(lost.values_list("pk", flat=True)[:BATCH])
    for order_id in ids:
        mail_receipt.send_or_defer(str(order_id))
    return len(ids)


@dataclass(frozen=True)
class Comparison:
    """What came in and stayed, in minor units of one currency, at Stripe and in the ledger."""

    currency: str
    at_stripe: int
    in_ledger: int

    @property
    def difference(self) -> int:
        """By how much Stripe has more; 0 is the only good answer."""
        return self.at_stripe - self.in_ledger


def compare() -> list[Comparison]:
    """Compare payments less refunds of our orders, by currency. One question to Stripe for every hundred intents."""
    at_stripe: defaultdict[str, int] = defaultdict(int)
    ours = {str(pk) for pk in Order.objects.filter(stripe_payment_intent_id__isnull=False).values_list("pk", flat=True)}
    for intent in gateway.all_intents():
        charge = intent.get("latest_charge")
        named = (intent.get("metadata") or {}).get("order_id")
        if named in ours and intent["status"] == "succeeded" and isinstance(charge, dict):
            at_stripe[intent["currency"].upper()] += charge["amount"] - charge["amount_refunded"]
    in_ledger = ledger_totals(LedgerEntry.objects.filter(order__stripe_payment_intent_id__isnull=False))
    currencies = sorted({*at_stripe, *in_ledger})
    return [Comparison(code, at_stripe[code], in_ledger.get(code, 0)) for code in currencies]


def ledger_totals(entries: QuerySet[LedgerEntry] | None = None) -> dict[str, int]:
    """Return payments less refunds by currency, in minor units, of all entries or of some. One query."""
    entries = LedgerEntry.objects.all() if entries is None else entries
    rows = (
        entries.filter(kind__in=[EntryKind.PAYMENT, EntryKind.REFUND])
        .order_by()
        .values("currency", "kind")
        .annotate(sum=Sum("amount"))
    )
    totals: defaultdict[str, int] = defaultdict(int)
    for row in rows:
        totals[row["currency"]] += row["sum"] * (1 if row["kind"] == EntryKind.PAYMENT else -1)
    return dict(totals)
