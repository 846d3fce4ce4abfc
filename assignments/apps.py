"""Configuration of the app: assignments, submissions and grading."""

from django.apps import AppConfig


class AssignmentsConfig(AppConfig):
    """Assignments, submissions and grading."""

    name = "assignments"
    verbose_name = "Assignments"
