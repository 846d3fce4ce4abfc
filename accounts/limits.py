"""Rate limits: lockout after five wrong passwords, and limits on requests that cost mail or work.

Attempts are counted in the database, under a row lock and before the work is done, so that concurrent requests cannot
exceed a limit, in any number of processes, with or without Redis (quality row A07, A13, X13).
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext

from accounts.models import AttemptCounter
from core.http import request_id
from core.http.errors import DomainError
from core.text.email_addresses import normalize_email

LONGEST_ADDRESS = 45
LONGEST_WAIT_IN_MINUTES = 90
TOO_MANY = gettext_lazy("Too many requests. Try again %(wait)s.")
LOCKED = gettext_lazy("Too many failed attempts. Try again %(wait)s, or reset your password.")


class LimitError(DomainError):
    """Too many attempts; `retry_after` is the number of seconds to wait."""

    status = 429


@dataclass(frozen=True)
class Limit:
    """At most `most` attempts in `period`.

    `extends` restarts the period with each accepted attempt; `always` ignores the setting RATE_LIMITS. `message` is the
    text of the error, in which `%(wait)s` is replaced; it must be the same whether the account exists or not.
    """

    scope: str
    most: int
    period: timedelta
    code: str = "throttled"
    extends: bool = False
    always: bool = False
    message: Any = TOO_MANY


LOCKOUT = Limit("login", 5, timedelta(minutes=15), code="account_locked", extends=True, always=True, message=LOCKED)
# Counts wrong passwords only, after they were checked: a whole class may log in from one address at the same time.
WRONG_FROM_ADDRESS = Limit("login_from", 10, timedelta(minutes=1))
SECOND_STEP = Limit("mfa", 10, timedelta(minutes=15), code="account_locked", extends=True, always=True, message=LOCKED)
REGISTRATION = Limit("register", 5, timedelta(hours=1))
MAIL_TO_ACCOUNT = Limit("mail", 3, timedelta(hours=1))
MAIL_FROM_ADDRESS = Limit("mail_from", 10, timedelta(hours=1))
REFRESH = Limit("refresh", 30, timedelta(minutes=1))


def hash_account(account: str) -> str:
    """Return the hash that identifies an account, given by address or id, in the counters."""
    return hashlib.sha256(normalize_email(account).encode()).hexdigest()


def client_address() -> str:
    """Return the IP address of the request, as counters store it."""
    return (request_id.address.get() or "")[:LONGEST_ADDRESS]


def spend(limit: Limit, *, account: str = "", address: str = "") -> None:
    """Count one attempt before the work itself.

    Raises LimitError with `retry_after` if none is left. Has no effect for limits that RATE_LIMITS turns off. Three
    queries, four for the first attempt, in a transaction of their own; one query if no attempt is left, so that refused
    requests wait for no lock and cost little.
    """
    if not _is_enabled(limit):
        return
    now = timezone.now()
    key = _key(limit, account, address)
    existing = AttemptCounter.objects.filter(**key, expires_at__gt=now).first()
    if existing is not None and existing.count >= limit.most:
        raise _limit_error(limit, existing)
    with transaction.atomic():
        if existing is None:
            new = AttemptCounter(**key, expires_at=now + limit.period)
            AttemptCounter.objects.bulk_create([new], ignore_conflicts=True)
        counter = AttemptCounter.objects.select_for_update().get(**key)
        if counter.expires_at <= now:
            counter.count, counter.expires_at = 0, now + limit.period
        refused = counter.count >= limit.most
        if not refused:
            counter.count += 1
            if limit.extends:
                counter.expires_at = now + limit.period
            counter.save(update_fields=["count", "expires_at"])
    if refused:
        raise _limit_error(limit, counter)


def reset(limit: Limit, *, account: str, address: str | None = None) -> int:
    """Reset an account's attempts from one address, or from all; return the number of counters. One update."""
    counters = AttemptCounter.objects.filter(scope=limit.scope, subject=hash_account(account))
    if address is not None:
        counters = counters.filter(address=address)
    return counters.exclude(count=0).update(count=0)


def check(limit: Limit, *, account: str = "", address: str = "") -> None:
    """Raise LimitError if no attempt is left, without counting one; for limits that count failures only. One query."""
    if not _is_enabled(limit):
        return
    spent = AttemptCounter.objects.filter(**_key(limit, account, address), expires_at__gt=timezone.now())
    counter = spent.filter(count__gte=limit.most).first()
    if counter is not None:
        raise _limit_error(limit, counter)


def _is_enabled(limit: Limit) -> bool:
    return limit.always or settings.RATE_LIMITS


def _key(limit: Limit, account: str, address: str) -> dict[str, str]:
    """Return the lookup of a counter."""
    return {"scope": limit.scope, "subject": hash_account(account) if account else "", "address": address}


def _limit_error(limit: Limit, counter: AttemptCounter) -> LimitError:
    """Return the error for an exhausted counter, with the seconds until the next attempt."""
    seconds = max(1, math.ceil((counter.expires_at - timezone.now()).total_seconds()))
    return LimitError(limit.code, limit.message % {"wait": _format_wait(seconds)}, retry_after=seconds)


def _format_wait(seconds: int) -> str:
    minutes = math.ceil(seconds / 60)
    if minutes <= LONGEST_WAIT_IN_MINUTES:
        return ngettext("in %(n)d minute", "in %(n)d minutes", minutes) % {"n": minutes}
    hours = math.ceil(minutes / 60)
    return ngettext("in %(n)d hour", "in %(n)d hours", hours) % {"n": hours}
