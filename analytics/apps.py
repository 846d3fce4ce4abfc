"""Read-only figures."""

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    """Read-only figures."""

    name = "analytics"
    verbose_name = "Analytics"
