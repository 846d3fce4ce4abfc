"""Uploads, what they hang on, and signed addresses for them."""

from importlib import import_module

from django.apps import AppConfig


class FilesConfig(AppConfig):
    """Takes files in, keeps them, and gives them out to whom their owners say."""

    name = "files"
    verbose_name = "Files"

    def ready(self) -> None:
        """Register whose the pictures of people are; the module imports models, which exist only by now."""
        import_module("files.access")
