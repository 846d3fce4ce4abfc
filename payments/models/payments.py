"""What was paid, what was given back, what is disputed, and the receipt."""

import uuid
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, has_role
from lms.lib import money
from payments.models.orders import Order


class PaymentQuerySet(models.QuerySet["Payment"]):
    """Payments by who may see them."""

    def visible_to(self, user: Any) -> Self:
        """Return the user's own payments, all for admins."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(user=user) if user.is_authenticated else self.none()

    def editable_by(self, user: Any) -> Self:
        """Return all for admins: nobody else refunds."""
        return self if has_role(user, Role.ADMIN) else self.none()


class Payment(models.Model):
    """The fact that an order was paid: written once, never edited. What was refunded since stands on its order."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.OneToOneField(Order, models.PROTECT, related_name="payment")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="payments")
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    payment_method = models.CharField(_("paid by"), max_length=40, default="card")
    stripe_payment_method_id = models.CharField(max_length=255, null=True, blank=True)
    transaction_id = models.CharField(_("charge"), max_length=255, null=True, blank=True)
    metadata = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(_("paid"), default=timezone.now)

    objects = PaymentQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        verbose_name = _("payment")
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="payments_payment_of_something")]
        indexes = [models.Index(fields=["user", "-created_at"], name="payments_payment_mine")]

    def __str__(self) -> str:
        return f"{money.formatted(self.amount, self.currency)} · {self.order_id}"

    @property
    def status(self) -> str:
        """Where the payment stands, which is where its order stands: "completed" or "refunded"."""
        return self.order.status


class RefundState(models.TextChoices):
    """Where a refund stands."""

    REQUESTED = "requested", _("Asked for")
    SUCCEEDED = "succeeded", _("Given back")
    FAILED = "failed", _("Failed")


class Refund(models.Model):
    """Money that goes back. Ours is written before Stripe is asked, so that no two can be under way for one order, and
    its id is the key that keeps a repeat from becoming a second refund (QUALITY P08)."""

    RESUMABLE_AFTER = timedelta(seconds=60)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="refunds")
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    stripe_refund_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    state = models.CharField(max_length=12, choices=RefundState.choices, default=RefundState.REQUESTED)
    created_at = models.DateTimeField(_("when"), default=timezone.now)
    tried_at = models.DateTimeField(default=timezone.now)
    mailed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "id"]
        verbose_name = _("refund")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=0), name="payments_refund_of_something"),
            models.UniqueConstraint(
                fields=["order"], condition=Q(state="requested"), name="payments_refund_one_under_way"
            ),
            models.CheckConstraint(
                condition=~Q(state="succeeded") | Q(stripe_refund_id__isnull=False),
                name="payments_refund_known_to_stripe",
            ),
        ]

    def __str__(self) -> str:
        return f"{money.formatted(self.amount, self.currency)} · {self.order_id}"

    def is_abandoned(self) -> bool:
        """Return whether whoever asked for it must have died over it, so that another may take it up."""
        return self.state == RefundState.REQUESTED and self.tried_at < timezone.now() - self.RESUMABLE_AFTER


class Dispute(models.Model):
    """A cardholder told their bank that they did not pay for this."""

    stripe_dispute_id = models.CharField(max_length=255, unique=True)
    order = models.ForeignKey(Order, models.PROTECT, related_name="disputes")
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=80, blank=True)
    opened_at = models.DateTimeField(_("since"), default=timezone.now)
    closed_as = models.CharField(_("ended"), max_length=40, blank=True)

    class Meta:
        ordering = ["-opened_at", "id"]
        verbose_name = _("dispute")

    def __str__(self) -> str:
        return self.stripe_dispute_id


class ReceiptCounter(models.Model):
    """One row: the number of the newest receipt. Locked while one is written, so that no number is missing."""

    last_number = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="payments_receiptcounter_one_row")]

    def __str__(self) -> str:
        return str(self.last_number)


class Receipt(models.Model):
    """What was sold, by whom, as it was that day. The buyer's name is read from their account: who is forgotten
    there is forgotten here."""

    order = models.OneToOneField(Order, models.PROTECT, related_name="receipt")
    number = models.PositiveBigIntegerField(unique=True)
    issued_at = models.DateTimeField(default=timezone.now)
    seller = models.CharField(max_length=120)
    seller_address = models.TextField(blank=True)
    tax_id = models.CharField(max_length=60, blank=True)
    tax_line = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["-number"]
        verbose_name = _("receipt")

    def __str__(self) -> str:
        return self.formatted_number

    @property
    def formatted_number(self) -> str:
        """The number as it is printed: the year and six digits at least."""
        return f"{self.issued_at:%Y}-{self.number:06d}"

    def shown(self) -> dict[str, Any]:
        """Return what page and PDF show of it."""
        return {"receipt": self, "order": self.order, "buyer": self.order.user}
