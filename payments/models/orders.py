"""Orders: one person, one course, one price that stands for half an hour."""

import uuid
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, has_role
from courses.models import Course, validate_currency
from lms.lib import money
from payments.models.coupons import Coupon
from payments.states import OrderState

# How long the price of an order stands (QUALITY P12).
PRICE_STANDS_FOR = timedelta(minutes=30)


class OrderStatus(models.TextChoices):
    """Where an order stands. It only ever moves down this list; a failed one that is paid after all is completed
    (QUALITY P04)."""

    PENDING = "pending", _("Waiting for payment")
    FAILED = "failed", _("Not paid")
    COMPLETED = "completed", _("Paid")
    REFUNDED = "refunded", _("Refunded")


class OrderQuerySet(models.QuerySet["Order"]):
    """Orders by who may see them, and by what is to be done about them."""

    def visible_to(self, user: Any) -> Self:
        """Return the user's own orders, all for admins."""
        if has_role(user, Role.ADMIN):
            return self
        return self.filter(user=user) if user.is_authenticated else self.none()

    def editable_by(self, user: Any) -> Self:
        """Return the user's own orders: nobody pays for another."""
        return self.filter(user=user) if user.is_authenticated else self.none()

    def pending(self) -> Self:
        """Return the orders that nobody has paid yet."""
        return self.filter(status=OrderStatus.PENDING)

    def standing(self) -> Self:
        """Return the orders that open their course: paid, and not given back whole (QUALITY E07)."""
        return self.filter(status=OrderStatus.COMPLETED)

    def to_ask_about(self) -> Self:
        """Return the orders whose intent at Stripe may have been paid without our hearing of it, least asked first.

        Failed ones too, for a day: a payment that was under way when the order ran out is still money.
        """
        asked_since = timezone.now() - timedelta(seconds=45)
        recent = Q(status=OrderStatus.FAILED, created_at__gt=timezone.now() - timedelta(days=1), is_settled=False)
        return (
            self.filter(Q(status=OrderStatus.PENDING) | recent, stripe_payment_intent_id__isnull=False)
            .filter(Q(checked_at=None) | Q(checked_at__lt=asked_since))
            .order_by(F("checked_at").asc(nulls_first=True), "created_at")
        )


class Order(models.Model):
    """What somebody wants to buy, and for how much.

    `list_amount`, `discount` and `amount` are integers in the currency's minor unit, fixed when the order is placed.
    `status`, `refunded_amount` and `completed_at` are a fold of what was paid and refunded, kept by
    `payments.settling`; nothing else writes them.
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
        default=0, help_text=_("The highest total of refunds that Stripe named for its charge.")
    )
    last_error = models.CharField(_("why the last card was declined"), max_length=300, blank=True)
    flag = models.CharField(_("needs a look"), max_length=300, blank=True)
    disputed_at = models.DateTimeField(_("disputed"), null=True, blank=True)
    created_at = models.DateTimeField(_("ordered"), default=timezone.now)
    expires_at = models.DateTimeField(_("price stands until"))
    completed_at = models.DateTimeField(_("paid"), null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True, help_text=_("When Stripe was last asked about it."))
    is_settled = models.BooleanField(default=False, help_text=_("Nothing more can be paid: its intent is cancelled."))
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
        """The state of the order (payments/states.py): its status, and whether its price is still held."""
        if self.status == OrderStatus.PENDING and self.expires_at <= timezone.now():
            return OrderState.EXPIRED
        return OrderState(self.status)

    @property
    def is_open(self) -> bool:
        """Whether it can be paid at its price."""
        return self.status == OrderStatus.PENDING and self.expires_at > timezone.now()

    @property
    def is_paid(self) -> bool:
        """Whether it was paid, be it refunded since."""
        return self.status in (OrderStatus.COMPLETED, OrderStatus.REFUNDED)

    @property
    def standing_label(self) -> str:
        """The status in words, a refund of a part included."""
        if self.status == OrderStatus.COMPLETED and self.refunded_amount:
            return str(_("Partly refunded"))
        return str(self.get_status_display())

    @property
    def standing_kind(self) -> str:
        """The kind of badge that shows the status."""
        return {"pending": "info", "failed": "", "completed": "good", "refunded": "warn"}[self.status]

    @property
    def formatted_amount(self) -> str:
        """What is to pay, as the reader writes it."""
        return money.formatted(self.amount, self.currency)

    @property
    def formatted_list_amount(self) -> str:
        """The price without the discount."""
        return money.formatted(self.list_amount, self.currency)

    @property
    def formatted_discount(self) -> str:
        """What the coupon takes off."""
        return money.formatted(self.discount, self.currency)

    @property
    def formatted_refunded(self) -> str:
        """What was given back."""
        return money.formatted(self.refunded_amount, self.currency)
