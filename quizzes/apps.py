"""Quizzes of a course."""

from django.apps import AppConfig


class QuizzesConfig(AppConfig):
    """Quizzes of a course."""

    name = "quizzes"
    verbose_name = "Quizzes"
