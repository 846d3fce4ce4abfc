"""Assignments of a course, and what students hand in."""

from importlib import import_module

from django.apps import AppConfig


class AssignmentsConfig(AppConfig):
    """Briefs, submissions and grading."""

    name = "assignments"
    verbose_name = "Assignments"

    def ready(self) -> None:
        """Register with the apps below; the module imports models, which exist only by now."""
        import_module("assignments.mails")
        import_module("assignments.requirements")
