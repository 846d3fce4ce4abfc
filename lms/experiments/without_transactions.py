"""Takes SQLite's lock away, which is the transaction: it begins by becoming the only writer, so none begins.

Imported before any service is, for a service takes `transaction.atomic` when it is defined.
"""

import os
from contextlib import ContextDecorator
from typing import Any

from django.db import connection, transaction


class _NoTransaction(ContextDecorator):
    """Takes the place of `transaction.atomic`: every statement stands alone."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what `atomic` takes."""

    def __enter__(self) -> None:
        """Begin nothing."""

    def __exit__(self, *error: Any) -> None:
        """End nothing."""


def _atomic(using: Any = None, *args: Any, **kwargs: Any) -> Any:
    return _NoTransaction()(using) if callable(using) else _NoTransaction()


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lms.settings")
if connection.vendor == "sqlite":
    transaction.atomic = _atomic  # the point of the control
