"""Figures: counted from the rows, and from daily roll-ups of them."""

from importlib import import_module

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    """Listens for people who learn, and for accounts that go."""

    name = "analytics"
    verbose_name = "Analytics"

    def ready(self) -> None:
        """Connect the receivers; their modules import models, which exist only by now."""
        import_module("analytics.receivers")
        import_module("analytics.access")
        import_module("analytics.personal_data")
