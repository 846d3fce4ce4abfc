"""Configuration of the app: the course catalog, courses, lessons and their editor."""

from django.apps import AppConfig


class CoursesConfig(AppConfig):
    """Courses, lessons and the course editor."""

    name = "courses"
    verbose_name = "Courses"
