"""Payments, refunds, disputes and receipts."""

import uuid
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, has_role
from core.text import money
from payments.models.orders import Order


class PaymentQuerySet(models.QuerySet["Payment"]):
    """Payments by visibility."""

    def visible_to(self, user: Any) -> Self:
        """Return the user's own payments, all for admins."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(user=user) if user.is_authenticated else self.none()

    def editable_by(self, user: Any) -> Self:
        """Return all payments for admins, since only admins can refund; none for other users."""
        return self if has_role(user, Role.ADMIN) else self.none()


class Payment(models.Model):
    """The payment of an order; never changed after it is created. Its order holds the refunded amount."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.OneToOneField(Order, models.PROTECT, related_name="payment")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="payments")
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    payment_method = models.CharField(_("payment method"), max_length=40, default="card")
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
        return f"{money.format_amount(self.amount, self.currency)} · {self.order_id}"

    @property
    def status(self) -> str:
        """The status of the order: "completed" or "refunded"."""
        return self.order.status


class RefundState(models.TextChoices):
    """The state of a refund."""

    REQUESTED = "requested", _("Requested")
    SUCCEEDED = "succeeded", _("Succeeded")
    FAILED = "failed", _("Failed")


class Refund(models.Model):
    """A refund of a payment, requested on this site or made in Stripe's dashboard.

    A refund of this site is created before the call to Stripe, so that an order has at most one in progress; its id is
    the idempotency key, so that a repeated call makes no second refund (quality row P08).
    """

    RESUMABLE_AFTER = timedelta(seconds=60)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, related_name="refunds")
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    stripe_refund_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    state = models.CharField(max_length=12, choices=RefundState.choices, default=RefundState.REQUESTED)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
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
        return f"{money.format_amount(self.amount, self.currency)} · {self.order_id}"

    def is_abandoned(self) -> bool:
        """Return whether its process must have died, so that another call may resume it."""
        return self.state == RefundState.REQUESTED and self.tried_at < timezone.now() - self.RESUMABLE_AFTER


class Dispute(models.Model):
    """A cardholder's dispute of a payment with their bank."""

    stripe_dispute_id = models.CharField(max_length=255, unique=True)
    order = models.ForeignKey(Order, models.PROTECT, related_name="disputes")
    amount = models.PositiveBigIntegerField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=80, blank=True)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    closed_as = models.CharField(_("closed as"), max_length=40, blank=True)

    class Meta:
        ordering = ["-opened_at", "id"]
        verbose_name = _("dispute")

    def __str__(self) -> str:
        return self.stripe_dispute_id


class ReceiptCounter(models.Model):
    """The number of the newest receipt, in a single row.

    The row is locked while a receipt is created, so that no number is missing.
    """

    last_number = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="payments_receiptcounter_one_row")]

    def __str__(self) -> str:
        return str(self.last_number)


class Receipt(models.Model):
    """The receipt of a paid order, with the seller's details on that day.

    The buyer's name is read from the account, so that deleting the account removes it here as well.
    """

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
        """The printed number: the year and at least six digits."""
        return f"{self.issued_at:%Y}-{self.number:06d}"

    def get_context(self) -> dict[str, Any]:
        """Return the template context of the page and the PDF."""
        return {"receipt": self, "order": self.order, "buyer": self.order.user}
