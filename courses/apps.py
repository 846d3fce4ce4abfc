"""The catalogue, and writing courses."""

from django.apps import AppConfig


class CoursesConfig(AppConfig):
    """Courses, their sections and lessons."""

    name = "courses"
    verbose_name = "Courses"
