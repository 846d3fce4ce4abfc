"""Configuration of the enrollments app."""

from django.apps import AppConfig


class EnrollmentsConfig(AppConfig):
    """Enrollments, progress, grades and reviews."""

    name = "enrollments"
    verbose_name = "Enrollments"
