"""The project as an app: it holds the commands that touch many apps, and the system checks on the whole."""

from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from lms import checks  # noqa: F401  # importing them registers them


class ProjectConfig(AppConfig):
    """Brings the commands of `lms.management`, the checks of `lms.checks` and the groups of the staff."""

    name = "lms"
    label = "lms"

    def ready(self) -> None:
        """Have the groups made after each migration; their module imports models, which exist only by now."""
        post_migrate.connect(import_module("lms.groups").make_groups)
