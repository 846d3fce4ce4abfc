"""Configuration of the files app."""

from django.apps import AppConfig


class FilesConfig(AppConfig):
    """Uploads, their storage and signed download URLs."""

    name = "files"
    verbose_name = "Files"
