"""Figures: counted from the rows, and from daily roll-ups of them."""

from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AnalyticsConfig(AppConfig):
    """Listens for people who learn, and keeps the indexes that reports need."""

    name = "analytics"
    verbose_name = "Analytics"

    def ready(self) -> None:
        """Connect the receivers; their modules import models, which exist only by now."""
        import_module("analytics.receivers")
        import_module("analytics.access")
        import_module("analytics.personal_data")
        indexes = import_module("analytics.indexes")
        post_migrate.connect(indexes.make_indexes, sender=self, dispatch_uid="analytics.indexes")
