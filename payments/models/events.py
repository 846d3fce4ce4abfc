"""What Stripe told us, one row an event, written in the transaction of what follows from it (QUALITY, fact 4)."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from payments.models.orders import Order


class Outcome(models.TextChoices):
    """What became of an event."""

    APPLIED = "applied", _("Applied")
    IGNORED = "ignored", _("Nothing to do")
    UNKNOWN = "unknown", _("About something that we do not know yet")
    MISMATCH = "mismatch", _("Does not fit the order")


class StripeEvent(models.Model):
    """An event that came with a good signature. Its id is unique: of twenty copies one is applied (QUALITY P03)."""

    id = models.CharField(primary_key=True, max_length=255)
    type = models.CharField(_("type"), max_length=120)
    livemode = models.BooleanField(_("live"))
    payload = models.JSONField()
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome.choices)
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="stripe_events")
    created_at = models.DateTimeField(_("happened"))
    received_at = models.DateTimeField(_("received"), default=timezone.now)

    class Meta:
        ordering = ["-received_at", "id"]
        verbose_name = _("event from Stripe")
        verbose_name_plural = _("events from Stripe")
        indexes = [models.Index(fields=["outcome", "received_at"], name="payments_event_outcome")]

    def __str__(self) -> str:
        return f"{self.type} {self.id}"
