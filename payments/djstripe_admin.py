"""Read-only admin pages of dj-stripe's copies of intents, charges, refunds, disputes and events.

dj-stripe registers pages for some fifty models, with forms for API keys and buttons that call Stripe within the
request. Here keys come from the environment and refunds are made at the order, so those pages are unregistered.
"""

import json
from typing import Any

import djstripe.admin  # noqa: F401  # registers dj-stripe's own pages, which are unregistered below
from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from djstripe.models import Charge, Dispute, Event, PaymentIntent, Refund

from core.admin import ReadOnlyAdmin

djstripe_app = apps.get_app_config("djstripe")
djstripe_app.verbose_name = _("Stripe objects")
for model in djstripe_app.get_models():
    if admin.site.is_registered(model):
        admin.site.unregister(model)


def without_secrets(value: Any) -> Any:
    """Return a JSON value without the client secrets at any depth."""
    if isinstance(value, dict):
        return {name: without_secrets(item) for name, item in value.items() if name != "client_secret"}
    return [without_secrets(item) for item in value] if isinstance(value, list) else value


@admin.register(PaymentIntent, Charge, Refund, Dispute)
class StripeCopyAdmin(ReadOnlyAdmin):
    """A copy of a Stripe object, as of its last event. Orders and the ledger do not read it."""

    list_display = ["id", "created", "livemode"]
    list_filter = ["livemode"]
    search_fields = ["id"]
    ordering = ["-created", "id"]
    fields = ["id", "created", "livemode", "stripe_object"]
    show_full_result_count = False

    @admin.display(description=_("Stripe object"))
    def stripe_object(self, copy: Any) -> str:
        """Return the object as JSON, without the client secret, with which a reader could pay it."""
        return format_html("<pre>{}</pre>", json.dumps(without_secrets(copy.stripe_data), indent=2))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return all fields."""
        return self.fields


@admin.register(Event)
class StripeEventCopyAdmin(StripeCopyAdmin):
    """An event, as dj-stripe processed it."""

    list_display = ["id", "type", "created", "livemode"]
    list_filter = ["type", "livemode"]
