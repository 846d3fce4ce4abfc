"""Uploads, what they hang on, and signed addresses for them."""

from django.apps import AppConfig


class FilesConfig(AppConfig):
    """Uploads, what they hang on, and signed addresses for them."""

    name = "files"
    verbose_name = "Files"
