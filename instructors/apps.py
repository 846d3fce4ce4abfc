"""Instructors: their public profile, and the rooms they teach from."""

from importlib import import_module

from django.apps import AppConfig


class InstructorsConfig(AppConfig):
    """Profiles and the teaching dashboard."""

    name = "instructors"
    verbose_name = "Instructors"

    def ready(self) -> None:
        """Register what the app holds about people; its module imports models, which exist only by now."""
        import_module("instructors.personal_data")
