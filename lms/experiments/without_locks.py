"""The control: the same site with its locks taken away, served as `lms.experiments.without_locks:application`.

Rows are read without a lock, and a refresh token does not ask whether it was the first to be spent. What the
experiments count must go wrong here, or they would not see it go wrong anywhere.

On SQLite the lock is the transaction, which begins by becoming the only writer: there none begins.
"""

from typing import Any

from django.db.models import QuerySet

from lms.experiments import without_transactions  # before any service is defined

from lms.wsgi import application  # isort: skip  # sets Django up, which the next import needs

from accounts.tokens import SessionToken  # isort: skip

__all__ = ["application", "without_transactions"]


def _unlocked(queryset: Any, *args: Any, **kwargs: Any) -> Any:
    return queryset


_blacklist: Any = SessionToken.blacklist


def _always_first(token: Any) -> Any:
    return _blacklist(token)[0], True


QuerySet.select_for_update = _unlocked  # type: ignore[assignment]  # the point of the control
SessionToken.blacklist = _always_first  # type: ignore[assignment]  # the point of the control
