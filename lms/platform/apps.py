"""What every app needs and no domain owns."""

from importlib import import_module

from django.apps import AppConfig


class PlatformConfig(AppConfig):
    """Audit log, site settings, idempotent replies, the outbox, health."""

    name = "lms.platform"
    label = "platform"
    verbose_name = "Platform"

    def ready(self) -> None:
        """Say how the site words its mails; the module imports models, which exist only by now."""
        import_module("lms.platform.wordings")
