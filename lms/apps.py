"""The project as an app: it holds the commands that touch many apps, and the system checks on the whole."""

from django.apps import AppConfig

from lms import checks  # noqa: F401  # importing them registers them


class ProjectConfig(AppConfig):
    """Brings the commands of `lms.management` and the checks of `lms.checks`."""

    name = "lms"
    label = "lms"
