"""Notifications, and the sockets that bring them."""

from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    """Rows first, sockets as a hint."""

    name = "realtime"
    verbose_name = "Notifications"
