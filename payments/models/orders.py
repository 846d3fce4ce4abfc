"""Orders of one course by one user, at a price that is held for 30 minutes."""

import uuid
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, has_role
from core.text import money
from courses.models import Course, validate_currency
from payments.models.coupons import Coupon
from payments.states import OrderState

# How long the price of an order is held (quality row P12).
PRICE_HOLD_TIME = timedelta(minutes=30)


class OrderStatus(models.TextChoices):
    """The status of an order, which only moves down this list.

    A failed order that is paid later becomes completed (quality row P04).
    """

    PENDING = "pending", _("Awaiting payment")
    FAILED = "failed", _("Not paid")
    COMPLETED = "completed", _("Paid")
    REFUNDED = "refunded", _("Refunded")


class OrderQuerySet(models.QuerySet["Order"]):
    """Orders by visibility, status and pending work."""

    def visible_to(self, user: Any) -> Self:
        """Return the user's own orders, all for admins."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(user=user) if user.is_authenticated else self.none()

    def editable_by(self, user: Any) -> Self:
        """Return the user's own orders; even admins cannot pay for another user."""
        return self.filter(user=user) if user.is_authenticated else self.none()

    def pending(self) -> Self:
        """Return the unpaid orders, including expired ones that have not failed yet."""
        return self.filter(status=OrderStatus.PENDING)

    def granting_access(self) -> Self:
        """Return the orders that give access to their course: paid, not fully refunded (quality row E07)."""
        return self.filter(status=OrderStatus.COMPLETED)

    def due_for_check(self) -> Self:
        """Return the orders whose intent may have been paid without an event, least recently checked first.

        Failed orders are included for a day: a payment in progress when the order expired still counts.
        """
        check_before = timezone.now() - timedelta(seconds=45)
        recent = Q(status=OrderStatus.FAILED, created_at__gt=timezone.now() - timedelta(days=1), is_settled=False)
        return (
            self.filter(Q(status=OrderStatus.PENDING) | recent, stripe_payment_intent_id__isnull=False)
            .filter(Q(checked_at=None) | Q(checked_at__lt=check_before))
            .order_by(F("checked_at").asc(nulls_first=True), "created_at")
        )


class Order(models.Model):
    """A user's order of a course.

    `list_amount`, `discount` and `amount` are integers in the currency's minor unit, fixed when the order is placed.
    `status`, `refunded_amount` and `completed_at` are computed from the payment and the refunds; only
    `payments.order_updates` writes them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="orders")
    course = models.ForeignKey(Course, models.PROTECT, related_name="orders")
    course_title = models.CharField(_("course"), max_length=120)
    coupon = models.ForeignKey(Coupon, models.PROTECT, null=True, blank=True, related_name="orders")
    list_amount = models.PositiveBigIntegerField(_("price"))
    discount = models.PositiveBigIntegerField(_("discount"), default=0)
    amount = models.PositiveBigIntegerField(_("to pay"))
    currency = models.CharField(_("currency"), max_length=3, validators=[validate_currency])
    status = models.CharField(_("status"), max_length=12, choices=OrderStatus.choices, default=OrderStatus.PENDING)
    refunded_amount = models.PositiveBigIntegerField(_("refunded"), default=0)
    stripe_payment_intent_id = models.CharField(max_length=255, null=True, blank=True, unique=True)
    client_secret = models.CharField(max_length=255, blank=True, editable=False)
    charge_refunded = models.PositiveBigIntegerField(
        default=0, help_text=_("The largest refunded total that Stripe reported.")
    )
    last_error = models.CharField(_("last card error"), max_length=300, blank=True)
    flag = models.CharField(_("flag"), max_length=300, blank=True)
    disputed_at = models.DateTimeField(_("disputed"), null=True, blank=True)
    created_at = models.DateTimeField(_("ordered"), default=timezone.now)
    expires_at = models.DateTimeField(_("price held until"))
    completed_at = models.DateTimeField(_("paid"), null=True, blank=True)
    checked_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When the payment was last checked at Stripe.")
    )
    is_settled = models.BooleanField(
        default=False, help_text=_("The intent is canceled, so that no payment is possible.")
    )
    receipt_mailed_at = models.DateTimeField(null=True, blank=True)

    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        verbose_name = _("order")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "course"], condition=Q(status="pending"), name="payments_order_pending_once"
            ),
            models.CheckConstraint(
                condition=Q(list_amount=F("amount") + F("discount")), name="payments_order_amounts_add_up"
            ),
            models.CheckConstraint(
                condition=Q(refunded_amount__lte=F("amount")), name="payments_order_refunded_at_most_paid"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["pending", "failed"], completed_at__isnull=True)
                | Q(status__in=["completed", "refunded"], completed_at__isnull=False),
                name="payments_order_completed_when",
            ),
        ]
        indexes = [
            models.Index(fields=["user", "-created_at"], name="payments_order_mine"),
            models.Index(fields=["status", "checked_at"], name="payments_order_to_ask"),
            models.Index(fields=["course", "status"], name="payments_order_course"),
        ]

    def __str__(self) -> str:
        return f"{self.course_title} ({str(self.pk)[:8]})"

    @property
    def state(self) -> OrderState:
        """The state in `payments.states`: the status, or expired for a pending order after its price hold."""
        if self.status == OrderStatus.PENDING and self.expires_at <= timezone.now():
            return OrderState.EXPIRED
        return OrderState(self.status)

    @property
    def is_open(self) -> bool:
        """Whether the order can be paid at its price."""
        return self.status == OrderStatus.PENDING and self.expires_at > timezone.now()

    @property
    def is_paid(self) -> bool:
        """Whether the order was paid, including refunded orders."""
        return self.status in (OrderStatus.COMPLETED, OrderStatus.REFUNDED)

    @property
    def status_label(self) -> str:
        """The label of the status; partly refunded orders have their own."""
        if self.status == OrderStatus.COMPLETED and self.refunded_amount:
            return str(_("Partially refunded"))
        return str(self.get_status_display())

    @property
    def status_badge(self) -> str:
        """The kind of the badge that shows the status."""
        return {"pending": "info", "failed": "", "completed": "good", "refunded": "warn"}[self.status]

    @property
    def formatted_amount(self) -> str:
        """The amount to pay, formatted for the active language."""
        return money.format_amount(self.amount, self.currency)

    @property
    def formatted_list_amount(self) -> str:
        """The price before the discount, formatted."""
        return money.format_amount(self.list_amount, self.currency)

    @property
    def formatted_discount(self) -> str:
        """The discount, formatted."""
        return money.format_amount(self.discount, self.currency)

    @property
    def formatted_refunded(self) -> str:
        """The refunded amount, formatted."""
        return money.format_amount(self.refunded_amount, self.currency)
