"""Assignments of a course, and what students hand in."""

from django.apps import AppConfig


class AssignmentsConfig(AppConfig):
    """Assignments of a course, and what students hand in."""

    name = "assignments"
    verbose_name = "Assignments"
