"""The append-only ledger of all movements of money; a database trigger rejects updates (migration 0002)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from payments.models.orders import Order


class Account(models.TextChoices):
    """The accounts of the ledger."""

    STRIPE = "stripe", _("Stripe balance")
    SALES = "sales", _("Sales")
    REFUNDS = "refunds", _("Refunds")
    DISPUTES = "disputes", _("Disputes")
    FEES = "fees", _("Stripe fees")


class EntryKind(models.TextChoices):
    """The kinds of movements."""

    PAYMENT = "payment", _("Payment")
    REFUND = "refund", _("Refund")
    DISPUTE = "dispute", _("Dispute: funds withdrawn")
    DISPUTE_WON = "dispute_won", _("Dispute: funds reinstated")
    FEE = "fee", _("Fee")


# The source and target account of each kind of entry.
ACCOUNTS_BY_KIND = {
    EntryKind.PAYMENT: (Account.SALES, Account.STRIPE),
    EntryKind.REFUND: (Account.STRIPE, Account.REFUNDS),
    EntryKind.DISPUTE: (Account.STRIPE, Account.DISPUTES),
    EntryKind.DISPUTE_WON: (Account.DISPUTES, Account.STRIPE),
    EntryKind.FEE: (Account.STRIPE, Account.FEES),
}


def _accounts_match_kind() -> Q:
    """Return the condition that an entry has the source and target account of its kind."""
    condition = Q()
    for kind, (source, target) in ACCOUNTS_BY_KIND.items():
        condition |= Q(kind=kind.value, source=source.value, target=target.value)
    return condition


class LedgerEntry(models.Model):
    """A movement of `amount` minor units of `currency` from one account to another.

    A row holds both sides, so the accounts of each currency always add up to zero. `key` identifies the payment, refund
    or dispute at Stripe; it is unique together with the kind, so that none of them is booked twice.
    """

    order = models.ForeignKey(Order, models.PROTECT, related_name="entries")
    kind = models.CharField(_("kind"), max_length=12, choices=EntryKind.choices)
    source = models.CharField(_("from"), max_length=12, choices=Account.choices)
    target = models.CharField(_("to"), max_length=12, choices=Account.choices)
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    key = models.CharField(max_length=300)
    # No foreign key constraint: deleting a user must not update an entry of the ledger.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="payments_ledgerentry_once"),
            models.UniqueConstraint(
                fields=["order"], condition=Q(kind="payment"), name="payments_ledgerentry_paid_once"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_ledgerentry_of_something"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="payments_ledgerentry_moves"),
            models.CheckConstraint(condition=_accounts_match_kind(), name="payments_ledgerentry_right_accounts"),
        ]
        indexes = [
            models.Index(fields=["currency", "kind"], name="payments_ledger_totals"),
            models.Index(fields=["created_at"], name="payments_ledger_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.currency}"
