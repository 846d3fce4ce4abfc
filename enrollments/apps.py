"""Who learns what, and how far they are."""

from django.apps import AppConfig


class EnrollmentsConfig(AppConfig):
    """Enrolments, progress, reviews; the learning room."""

    name = "enrollments"
    verbose_name = "Enrolments"
