"""Coupons: a price made lower, within limits."""

import uuid
from typing import Any, Self

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, has_role
from courses.models import Course, validate_currency

code_shape = RegexValidator(r"^[A-Z0-9][A-Z0-9_-]{1,39}$", _("Use 2 to 40 letters, digits, dashes or underscores."))


def normalised_code(code: str) -> str:
    """Return a coupon's code as it is kept: without spaces around it, in capitals."""
    return code.strip().upper()


class CouponQuerySet(models.QuerySet["Coupon"]):
    """Coupons by who may see them: administrators, as long as a code is a secret."""

    def visible_to(self, user: Any) -> Self:
        """Return all for admins, none for anybody else."""
        return self if has_role(user, Role.ADMIN) else self.none()

    editable_by = visible_to


class Coupon(models.Model):
    """A code that takes a share, or a fixed amount, off the price of some courses or of all of them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(_("code"), max_length=40, unique=True, validators=[code_shape])
    percent_off = models.PositiveSmallIntegerField(
        _("percent off"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    amount_off = models.PositiveBigIntegerField(
        _("amount off, in minor units"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    currency = models.CharField(
        _("currency of the amount"), max_length=3, null=True, blank=True, validators=[validate_currency]
    )
    max_uses = models.PositiveIntegerField(
        _("how often at most"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    courses = models.ManyToManyField(
        Course, blank=True, related_name="coupons", verbose_name=_("only for these courses")
    )
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
        """Refuse a coupon that takes both or neither, or an amount without its currency."""
        self.code = normalised_code(self.code or "")
        if (self.percent_off is None) == (self.amount_off is None):
            raise ValidationError({"percent_off": _("Give either a percentage or an amount.")})
        if (self.amount_off is None) != (not self.currency):
            raise ValidationError({"currency": _("An amount has a currency, a percentage has none.")})
        self.currency = self.currency or None
        if self.valid_until is not None and self.valid_until <= self.valid_from:
            raise ValidationError({"valid_until": _("It has to end after it begins.")})

    def is_valid_at(self, moment: Any = None) -> bool:
        """Return whether its dates allow it now."""
        moment = moment or timezone.now()
        return self.valid_from <= moment and (self.valid_until is None or moment < self.valid_until)

    def discount_on(self, amount: int, currency: str) -> int | None:
        """Return what it takes off `amount` minor units, never more than that; None for an amount in another currency.

        Percentages are rounded half up, in integers (QUALITY P10).
        """
        if self.percent_off is not None:
            return (amount * self.percent_off + 50) // 100
        return min(amount, self.amount_off or 0) if self.currency == currency else None

    def uses(self, *, besides: Any = None) -> int:
        """Return how many orders hold it: those that were paid for, and those that still may be. One query."""
        living = self.orders.exclude(user=besides, status="pending") if besides else self.orders.all()
        return living.filter(
            Q(status__in=["completed", "refunded"]) | Q(status="pending", expires_at__gt=timezone.now())
        ).count()
