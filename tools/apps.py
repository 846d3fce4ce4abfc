"""The Django app of the development tools."""

from django.apps import AppConfig


class ToolsConfig(AppConfig):
    """Commands, demo data and the pages under /dev/; installed in development only."""

    name = "tools"
    verbose_name = "Tools"
