"""Configuration of the payments app."""

from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """Orders, coupons, payments, refunds and the ledger."""

    name = "payments"
    verbose_name = "Payments"
