"""Removes transactions on SQLite, where a transaction is the lock because it begins as the only writer.

Must be imported before any service, because a service calls `transaction.atomic` when it is defined.
"""

import os
from contextlib import ContextDecorator
from typing import Any

from django.db import connection, transaction


class _NoTransaction(ContextDecorator):
    """Replaces `transaction.atomic`: every statement commits by itself."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Accept and ignore the arguments of `atomic`."""

    def __enter__(self) -> None:
        """Do not begin a transaction."""

    def __exit__(self, *error: Any) -> None:
        """Do not commit or roll back."""


def _atomic(using: Any = None, *args: Any, **kwargs: Any) -> Any:
    return _NoTransaction()(using) if callable(using) else _NoTransaction()


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
if connection.vendor == "sqlite":
    transaction.atomic = _atomic  # removes the lock
