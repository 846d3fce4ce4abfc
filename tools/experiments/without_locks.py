"""A control: the site without its locks, served as `tools.experiments.without_locks:application`.

Rows are read without a lock, and every use of a refresh token counts as the first one. The invariants must break here;
otherwise the experiments could not detect a violation.

On SQLite the transaction itself is the lock, because it begins as the only writer; there no transaction is begun.
"""

from typing import Any

from django.db.models import QuerySet

from tools.experiments import without_transactions  # must be imported before any service

from lms.wsgi import application  # isort: skip  # sets Django up, which the next import needs

from accounts.tokens import SessionToken  # isort: skip

__all__ = ["application", "without_transactions"]


def _skip_lock(queryset: Any, *args: Any, **kwargs: Any) -> Any:
    return queryset


_blacklist: Any = SessionToken.blacklist


def _blacklist_as_first(token: Any) -> Any:
    return _blacklist(token)[0], True


QuerySet.select_for_update = _skip_lock  # type: ignore[assignment]  # the point of the control
SessionToken.blacklist = _blacklist_as_first  # type: ignore[assignment]  # the point of the control
