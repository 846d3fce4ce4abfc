"""Configuration of the analytics app: figures counted from the rows and from daily roll-ups."""

from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"
    verbose_name = "Analytics"
