"""What every app needs and no domain owns."""

from django.apps import AppConfig


class PlatformConfig(AppConfig):
    """Audit log, site settings, idempotent replies, the outbox, health."""

    name = "lms.platform"
    label = "platform"
    verbose_name = "Platform"
