"""Coupons, which reduce the price of courses within limits."""

import uuid
from collections.abc import Iterable
from functools import reduce
from operator import or_
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, has_role
from core.text import money
from core.text.codes import fold_code
from courses.models import Course, validate_currency

validate_code = RegexValidator(r"^[A-Z0-9][A-Z0-9_-]{1,39}$", _("Use 2 to 40 letters, digits, dashes or underscores."))


def normalize_code(code: str) -> str:
    """Return a coupon's code as it is stored: without spaces, with plain dashes, in capitals."""
    return fold_code(code).upper()


def uses_coupon(prefix: str = "") -> Q:
    """Return the condition that an order uses its coupon: it is paid, open, or has an intent that can still be paid.

    Stripe does not know when a price expires, so an intent can be paid until it is canceled. `prefix` is the path to
    the orders, such as `orders__`.
    """
    conditions = (
        {"status__in": ["completed", "refunded"]},
        {"status": "pending", "expires_at__gt": timezone.now()},
        {"status__in": ["pending", "failed"], "stripe_payment_intent_id__isnull": False, "is_settled": False},
    )
    return reduce(or_, (Q(**{prefix + name: value for name, value in one.items()}) for one in conditions))


class CouponQuerySet(models.QuerySet["Coupon"]):
    """Coupons; only administrators can see them, since a code is a secret."""

    def visible_to(self, user: Any) -> Self:
        """Return all coupons for admins, none for other users."""
        return self if has_role(user, Role.ADMIN) else self.none()

    editable_by = visible_to

    def with_use_count(self) -> Self:
        """Annotate the number of orders that use each coupon as `use_count`."""
        return self.annotate(use_count=Count("orders", filter=uses_coupon("orders__")))


class Coupon(models.Model):
    """A code that reduces the price of some courses, or of all, by a percentage or a fixed amount."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(_("code"), max_length=40, unique=True, validators=[validate_code])
    percent_off = models.PositiveSmallIntegerField(
        _("percent off"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    amount_off = models.PositiveBigIntegerField(
        _("amount off, in minor units"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    currency = models.CharField(
        _("currency of the amount"), max_length=3, null=True, blank=True, validators=[validate_currency]
    )
    max_uses = models.PositiveIntegerField(_("maximum uses"), null=True, blank=True, validators=[MinValueValidator(1)])
    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    courses = models.ManyToManyField(Course, blank=True, related_name="coupons", verbose_name=_("limited to courses"))
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = CouponQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "id"]
        verbose_name = _("coupon")
        constraints = [
            models.CheckConstraint(
                condition=Q(percent_off__isnull=False, amount_off__isnull=True, currency__isnull=True)
                | Q(percent_off__isnull=True, amount_off__isnull=False, currency__isnull=False),
                name="payments_coupon_percent_or_amount",
            ),
            models.CheckConstraint(
                condition=Q(percent_off__isnull=True) | Q(percent_off__gte=1, percent_off__lte=100),
                name="payments_coupon_percent_in_range",
            ),
            models.CheckConstraint(
                condition=Q(valid_until__isnull=True) | Q(valid_until__gt=models.F("valid_from")),
                name="payments_coupon_ends_after_begin",
            ),
        ]

    def __str__(self) -> str:
        return self.code

    def clean(self) -> None:
        """Validate that there is one discount, that an amount has a currency, and that the end is after the start."""
        self.code = normalize_code(self.code or "")
        if (self.percent_off is None) == (self.amount_off is None):
            raise ValidationError({"percent_off": _("Enter either a percentage or an amount.")})
        if (self.amount_off is None) != (not self.currency):
            raise ValidationError({"currency": _("Enter a currency for an amount, and none for a percentage.")})
        self.currency = self.currency or None
        if self.valid_until is not None and self.valid_until <= self.valid_from:
            raise ValidationError({"valid_until": _("The end must be after the start.")})

    def is_valid_at(self, moment: Any = None) -> bool:
        """Return whether the coupon is valid at `moment`, by default now."""
        moment = moment or timezone.now()
        return self.valid_from <= moment and (self.valid_until is None or moment < self.valid_until)

    def discount_for(self, amount: int, currency: str) -> int | None:
        """Return the discount on `amount` minor units, at most that amount; None if the coupon is in another currency.

        Percentages are rounded half up, in integers (quality row P10).
        """
        if self.percent_off is not None:
            return (amount * self.percent_off + 50) // 100
        return min(amount, self.amount_off or 0) if self.currency == currency else None

    def validate_courses(self, courses: Iterable[Course]) -> None:
        """Raise ValidationError for a paid course of which the coupon leaves less than Stripe charges, but not 0.

        An order of another course to which that happens is free (`money.round_to_chargeable`).
        """
        for course in courses:
            discount = self.discount_for(course.price_cents, course.currency)
            rest = course.price_cents - (discount or 0)
            if discount and rest and not money.round_to_chargeable(rest, course.currency):
                text = _(
                    "With this coupon, “%(course)s” would cost %(rest)s. The lowest price in %(currency)s is %(least)s."
                )
                params = {
                    "course": course.title,
                    "rest": money.format_amount(rest, course.currency),
                    "currency": course.currency,
                    "least": money.format_amount(money.LEAST_CHARGES[course.currency], course.currency),
                }
                raise ValidationError(text, code="leaves_too_little", params=params)

    def count_uses(self, *, user: Any = None, course: Course | None = None) -> int:
        """Return the number of orders that use the coupon. One query.

        With `user` and `course`, the user's pending order of that course does not count, since a new order replaces it.
        """
        return self.orders.filter(uses_coupon()).exclude(user=user, course=course, status="pending").count()
