"""Orders, payments and refunds."""

from importlib import import_module

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Orders, payments and refunds."""

    name = "payments"
    verbose_name = "Payments"

    def ready(self) -> None:
        """Register what others ask of payments, and the periodic job; these modules import models."""
        for module in ("entitlement", "mails", "personal_data", "periodic"):
            import_module(f"payments.{module}")
