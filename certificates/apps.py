"""Certificates: issued once, printed as PDF, verified by anybody."""

from importlib import import_module

from django.apps import AppConfig


class CertificatesConfig(AppConfig):
    """Listens for completed courses."""

    name = "certificates"
    verbose_name = "Certificates"

    def ready(self) -> None:
        """Connect the receivers; their module imports models, which exist only by now."""
        import_module("certificates.mails")
        import_module("certificates.receivers")
        import_module("certificates.personal_data")
