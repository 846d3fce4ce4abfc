"""Mails about money, and dj-stripe's copy of what Stripe told us. Each does nothing the second time."""

import logging

from lms.platform.jobs import job
from payments import letters
from payments.mirror import mirror
from payments.models import StripeEvent

log = logging.getLogger(__name__)


@job
def mail_receipt(order_id: str) -> None:
    """Send the buyer their receipt, once."""
    letters.write_receipt(order_id)


@job
def mail_refund(order_id: str, amount: int) -> None:
    """Tell the buyer that so many minor units go back to them."""
    letters.write_refund(order_id, amount)


@job
def mail_dispute(order_id: str) -> None:
    """Tell the administrators that a payment is disputed."""
    letters.write_dispute(order_id)


@job
def synchronise(event_id: str) -> None:
    """Bring dj-stripe's tables, which serve the admin, up to an event. Best effort: nothing of ours depends on it."""
    mirror(StripeEvent.objects.get(pk=event_id).payload)
