"""People, and the doors they come in by."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Users, login sessions, tokens."""

    name = "accounts"
    verbose_name = "Accounts"
