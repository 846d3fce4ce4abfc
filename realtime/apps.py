"""Notifications, and the sockets that bring them."""

from importlib import import_module

from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    """Rows first, sockets as a hint."""

    name = "realtime"
    verbose_name = "Notifications"

    def ready(self) -> None:
        """Register what the app holds about people, and listen to what ends sockets. Both need models, which exist
        only by now."""
        import_module("realtime.mails")
        import_module("realtime.personal_data")
        import_module("realtime.receivers")
