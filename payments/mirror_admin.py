"""dj-stripe's copies in the admin: those of what this site sells, to read.

dj-stripe registers some fifty models of its own, keys to type in, and buttons that ask Stripe within the request. Keys
come from the environment here, and money is given back where orders are, so its pages give way to these.
"""

import json
from typing import Any

import djstripe.admin  # noqa: F401  # registers dj-stripe's own pages, which are taken away below
from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from djstripe.models import Charge, Dispute, Event, PaymentIntent, Refund

from lms.platform.admin import ReadOnlyAdmin

apps.get_app_config("djstripe").verbose_name = _("Copies from Stripe")
for model in [model for model in admin.site._registry if model._meta.app_label == "djstripe"]:
    admin.site.unregister(model)


def without_secrets(value: Any) -> Any:
    """Return what Stripe said without the secrets that lie in it."""
    if isinstance(value, dict):
        return {name: without_secrets(one) for name, one in value.items() if name != "client_secret"}
    return [without_secrets(one) for one in value] if isinstance(value, list) else value


@admin.register(PaymentIntent, Charge, Refund, Dispute)
class CopyAdmin(ReadOnlyAdmin):
    """An object of Stripe's, as it was when an event last spoke of it. Orders and the ledger do not read it."""

    list_display = ["id", "created", "livemode"]
    list_filter = ["livemode"]
    search_fields = ["id"]
    ordering = ["-created", "id"]
    fields = ["id", "created", "livemode", "what_stripe_says"]
    show_full_result_count = False

    @admin.display(description=_("What Stripe says"))
    def what_stripe_says(self, copy: Any) -> str:
        """Return the object, without what would let its reader pay with it."""
        return format_html("<pre>{}</pre>", json.dumps(without_secrets(copy.stripe_data), indent=2))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return all: it is a copy."""
        return self.fields


@admin.register(Event)
class EventCopyAdmin(CopyAdmin):
    """An event, as dj-stripe processed it."""

    list_display = ["id", "type", "created", "livemode"]
    list_filter = ["type", "livemode"]
