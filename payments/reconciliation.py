"""Retrieve payments whose events were lost (quality row P06), and compare Stripe's totals with the ledger (P15)."""

import logging
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from core.jobs.job import job
from payments import checkout, order_updates, refunds, stripe_client, webhooks
from payments.errors import PaymentError
from payments.models import EntryKind, LedgerEntry, Order, OrderStatus, Refund, RefundState
from payments.tasks import mail_receipt

log = logging.getLogger(__name__)

BATCH = 200
# Reloading the order's page repeatedly must not send as many requests.
MIN_CHECK_INTERVAL = timedelta(seconds=2)
# An unpaid order's intent is canceled this long after the price expires, so that a payment in progress can finish.
CANCEL_AFTER_EXPIRY = timedelta(minutes=5)
UNAVAILABLE = 503


def reconcile_order(order: Order) -> Order:
    """Update an unpaid order from its intent at Stripe, unless it was checked a moment ago; return the order.

    Raises PaymentError `stripe_unavailable` (503) when Stripe does not respond.
    """
    is_recent = order.checked_at is not None and order.checked_at > timezone.now() - MIN_CHECK_INTERVAL
    if order.is_paid or order.stripe_payment_intent_id is None or is_recent:
        return order
    return checkout.apply_intent(order, stripe_client.retrieve_intent(order.stripe_payment_intent_id))


@job("payments.reconcile", former_name="payments.periodic.reconcile")
def reconcile_if_configured() -> dict[str, int]:
    """Reconcile with Stripe, if Stripe or its sandbox is configured."""
    return reconcile() if stripe_client.is_configured() else {}


def reconcile() -> dict[str, int]:
    """Complete the work that lost events, lost responses or killed processes left undone; return the counts by step.

    Concurrent runs are safe, since every step can be repeated. Requests to Stripe end with the first one without a
    response. An order that Stripe rejects is flagged and skipped, so that it does not block the others.
    """
    done = {"applied": webhooks.apply_unknown_events(), "checked": 0, "failed": 0, "refunded": 0, "mailed": 0}
    try:
        done["checked"] = _check_unpaid_orders()
        done["refunded"] = _retry_refunds()
    except PaymentError as error:
        log.warning("Reconciliation stopped: %s", error.code)
    done["failed"] = _fail_expired_orders()
    done["mailed"] = _queue_missing_receipts()
    return done


def _check_unpaid_orders() -> int:
    """Check the intents of unpaid orders and cancel those of expired orders; return the number of orders."""
    orders = list(Order.objects.due_for_check().select_related("user", "course")[:BATCH])
    for order in orders:
        try:
            _check_order(order)
        except PaymentError as error:
            if error.status == UNAVAILABLE:
                raise
            _flag_unverifiable(order)
    return len(orders)


def _check_order(order: Order) -> None:
    current = checkout.apply_intent(order, stripe_client.retrieve_intent(order.stripe_payment_intent_id or ""))
    if not current.is_paid and not current.is_settled and current.expires_at < timezone.now() - CANCEL_AFTER_EXPIRY:
        checkout.cancel_order(order=current)


def _flag_unverifiable(order: Order) -> None:
    """Flag an order that Stripe rejects, and store the time so that other orders are checked first."""
    with transaction.atomic():
        current = order_updates.lock_order(order.pk)
        current.checked_at = timezone.now()
        current.save(update_fields=["checked_at"])
        order_updates.flag_order(current, _("Stripe rejected the request for this order's payment."))


def _retry_refunds() -> int:
    """Send requested refunds without a response again; return their number."""
    limit = timezone.now() - Refund.RESUMABLE_AFTER
    requested = Refund.objects.filter(state=RefundState.REQUESTED, tried_at__lt=limit).select_related("order")
    abandoned = list(requested[:BATCH])
    for refund in abandoned:
        try:
            refunds.send_refund(refund)
        except PaymentError as error:  # send_refund has marked a rejected refund as failed
            if error.status == UNAVAILABLE:
                raise
    return len(abandoned)


def _fail_expired_orders() -> int:
    """Fail the expired orders without an intent; return their number."""
    ids = Order.objects.pending().filter(expires_at__lt=timezone.now(), stripe_payment_intent_id=None)
    failed = 0
    for order_id in list(ids.values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            order = order_updates.lock_order(order_id)
            if order.stripe_payment_intent_id is None and order.status == OrderStatus.PENDING:
                order_updates.fail_order(order, intent_canceled=False)
                failed += 1
    return failed


def _queue_missing_receipts() -> int:
    """Queue the mails of receipts that were not sent within five minutes; return their number."""
    limit = timezone.now() - timedelta(minutes=5)
    unmailed = Order.objects.granting_access().filter(
        receipt_mailed_at=None, completed_at__lt=limit, payment__isnull=False
    )
    ids = list(unmailed.values_list("pk", flat=True)[:BATCH])
    for order_id in ids:
        mail_receipt.send_or_defer(str(order_id))
    return len(ids)


@dataclass(frozen=True)
class Comparison:
    """Payments less refunds in one currency at Stripe and in the ledger, in minor units."""

    currency: str
    at_stripe: int
    in_ledger: int

    @property
    def difference(self) -> int:
        """Stripe's total less the ledger's; anything but 0 is an error."""
        return self.at_stripe - self.in_ledger


def compare_with_stripe() -> list[Comparison]:
    """Compare payments less refunds of this site's orders by currency; one request per 100 intents."""
    at_stripe: defaultdict[str, int] = defaultdict(int)
    order_ids = {
        str(pk) for pk in Order.objects.filter(stripe_payment_intent_id__isnull=False).values_list("pk", flat=True)
    }
    for intent in stripe_client.iter_intents():
        charge = intent.get("latest_charge")
        order_id = (intent.get("metadata") or {}).get("order_id")
        if order_id in order_ids and intent["status"] == "succeeded" and isinstance(charge, dict):
            at_stripe[intent["currency"].upper()] += charge["amount"] - charge["amount_refunded"]
    in_ledger = ledger_totals(LedgerEntry.objects.filter(order__stripe_payment_intent_id__isnull=False))
    currencies = sorted({*at_stripe, *in_ledger})
    return [Comparison(code, at_stripe[code], in_ledger.get(code, 0)) for code in currencies]


def ledger_totals(entries: QuerySet[LedgerEntry] | None = None) -> dict[str, int]:
    """Return payments less refunds by currency in minor units, of the given entries or all. One query."""
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
