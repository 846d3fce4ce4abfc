"""People, and the doors they come in by."""

from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, login sessions, tokens."""

    name = "accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        """Register what the OpenAPI document says of signing in, what listens to logins, and how people are found.

        All need the models, which exist only by now."""
        import_module("accounts.mails")
        import_module("accounts.schema")
        import_module("accounts.listeners")
        import_module("accounts.searching")
