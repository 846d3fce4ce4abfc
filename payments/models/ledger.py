"""The ledger: every movement of money, appended, never edited. The database refuses an update (migration 0001)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from payments.models.orders import Order


class Account(models.TextChoices):
    """Where money is, or what it was for."""

    STRIPE = "stripe", _("Balance at Stripe")
    SALES = "sales", _("Sales")
    REFUNDS = "refunds", _("Refunds")
    DISPUTES = "disputes", _("Disputes")
    FEES = "fees", _("Fees of Stripe")


class EntryKind(models.TextChoices):
    """What moved."""

    PAYMENT = "payment", _("Payment")
    REFUND = "refund", _("Refund")
    DISPUTE = "dispute", _("Dispute, money withdrawn")
    DISPUTE_WON = "dispute_won", _("Dispute, money back")
    FEE = "fee", _("Fee")


# From which account to which each kind moves money.
MOVES = {
    EntryKind.PAYMENT: (Account.SALES, Account.STRIPE),
    EntryKind.REFUND: (Account.STRIPE, Account.REFUNDS),
    EntryKind.DISPUTE: (Account.STRIPE, Account.DISPUTES),
    EntryKind.DISPUTE_WON: (Account.DISPUTES, Account.STRIPE),
    EntryKind.FEE: (Account.STRIPE, Account.FEES),
}


def _right_accounts() -> Q:
    """Return the condition that an entry moves money between the accounts of its kind."""
    condition = Q()
    for kind, (source, target) in MOVES.items():
        condition |= Q(kind=kind.value, source=source.value, target=target.value)
    return condition


class LedgerEntry(models.Model):
    """`amount` minor units of `currency` moved from one account to another.

    One row holds both sides, so the accounts of each currency add up to zero whatever is appended. `key` names the fact
    at Stripe that it follows from; together with the kind it is unique, so no fact is booked twice.
    """

    order = models.ForeignKey(Order, models.PROTECT, related_name="entries")
    kind = models.CharField(_("what"), max_length=12, choices=EntryKind.choices)
    source = models.CharField(_("from"), max_length=12, choices=Account.choices)
    target = models.CharField(_("to"), max_length=12, choices=Account.choices)
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    key = models.CharField(max_length=300)
    # No foreign key to the database: nothing that happens to a person may touch a line of the ledger.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, null=True, db_constraint=False, related_name="+"
    )
    created_at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        ordering = ["-id"]
        verbose_name = _("entry of the ledger")
        verbose_name_plural = _("ledger")
        constraints = [
            models.UniqueConstraint(fields=["kind", "key"], name="payments_ledgerentry_once"),
            models.UniqueConstraint(
                fields=["order"], condition=Q(kind="payment"), name="payments_ledgerentry_paid_once"
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_ledgerentry_of_something"),
            models.CheckConstraint(condition=~Q(source=F("target")), name="payments_ledgerentry_moves"),
            models.CheckConstraint(condition=_right_accounts(), name="payments_ledgerentry_right_accounts"),
        ]
        indexes = [
            models.Index(fields=["currency", "kind"], name="payments_ledger_totals"),
            models.Index(fields=["created_at"], name="payments_ledger_at"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount} {self.currency}"
