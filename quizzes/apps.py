"""Quizzes of a course."""

from importlib import import_module

from django.apps import AppConfig


class QuizzesConfig(AppConfig):
    """Quizzes, their attempts and marks."""

    name = "quizzes"
    verbose_name = "Quizzes"

    def ready(self) -> None:
        """Register with the apps below; the modules import models, which exist only by now."""
        import_module("quizzes.coursework")
        import_module("quizzes.personal_data")
        import_module("quizzes.receivers")
