"""Orders, payments and refunds."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Orders, payments and refunds."""

    name = "payments"
    verbose_name = "Payments"
