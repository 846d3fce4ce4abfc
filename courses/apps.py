"""The catalogue: courses, their lessons, and how they are written."""

from importlib import import_module

from django.apps import AppConfig


class CoursesConfig(AppConfig):
    """Courses, lessons and the editor."""

    name = "courses"
    verbose_name = "Courses"

    def ready(self) -> None:
        """Say who may read the files of courses, and how courses are found; both need models, which exist by now."""
        import_module("courses.file_access")
        import_module("courses.searching")
