"""App config of the project."""

from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from lms import checks  # noqa: F401  # the import registers the checks


class ProjectConfig(AppConfig):
    """App for the system checks of `lms.checks` and the staff groups of `lms.groups`."""

    name = "lms"
    label = "lms"

    def ready(self) -> None:
        """Create the staff groups after each migration. Their module imports models, hence the late import."""
        post_migrate.connect(import_module("lms.groups").create_groups)
