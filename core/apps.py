"""The shared kernel as a Django app."""

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class CoreConfig(AppConfig):
    """Audit log, site settings, jobs, mail, HTTP and search for every app."""

    name = "core"
    label = "platform"  # the name of its tables, content types and permissions in existing databases
    verbose_name = "Platform"

    def ready(self) -> None:
        """Import what each app registers: with lower apps, as signal receivers, and as types of mail."""
        autodiscover_modules("integrations", "receivers", "emails")
