"""Who learns what, and how far they are."""

from importlib import import_module

from django.apps import AppConfig


class EnrollmentsConfig(AppConfig):
    """Enrolments, progress, reviews; the learning room."""

    name = "enrollments"
    verbose_name = "Enrolments"

    def ready(self) -> None:
        """Register mail, personal data, search and rooms, and connect the receivers: all of them need the models."""
        import_module("enrollments.mails")
        import_module("enrollments.personal_data")
        import_module("enrollments.searching")
        import_module("enrollments.rooms")
        import_module("enrollments.receivers")
