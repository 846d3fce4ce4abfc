"""Configuration of the realtime app."""

from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    """Notifications, conversations and announcements, and the WebSocket that delivers them."""

    name = "realtime"
    verbose_name = "Notifications"
