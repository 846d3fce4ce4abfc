"""Events from Stripe, one row each, created in the transaction that applies them.

See docs/architecture.md, "Facts", 4.
"""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from payments.models.orders import Order


class Outcome(models.TextChoices):
    """The result of applying an event."""

    APPLIED = "applied", _("Applied")
    IGNORED = "ignored", _("Ignored")
    UNKNOWN = "unknown", _("Unknown order")
    MISMATCH = "mismatch", _("Does not match the order")


class StripeEvent(models.Model):
    """An event with a valid signature; its id is unique, so that a repeated event is applied once (quality row P03)."""

    id = models.CharField(primary_key=True, max_length=255)
    type = models.CharField(_("type"), max_length=120)
    livemode = models.BooleanField(_("live"))
    payload = models.JSONField()
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices)
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="stripe_events")
    created_at = models.DateTimeField(_("created"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)

    class Meta:
        ordering = ["-received_at", "id"]
        verbose_name = _("Stripe event")
        verbose_name_plural = _("Stripe events")
        indexes = [models.Index(fields=["outcome", "received_at"], name="payments_event_outcome")]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"
