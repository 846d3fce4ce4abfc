"""How often one may try: locked out after five wrong passwords, and slowed down at what costs mail or work.

Counted in the database, under a row lock, before the work is done: so parallel requests cannot slip through, in however
many processes, with or without Redis (QUALITY A07, A13, X13).
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import AttemptCounter, normalised_email
from lms.lib import request_id
from lms.lib.errors import DomainError

LONGEST_ADDRESS = 45


class LimitError(DomainError):
    """Tried too often; `retry_after` says in how many seconds another try makes sense."""

    status = 429


@dataclass(frozen=True)
class Limit:
    """At most `most` tries in `period`. `extends`: the period begins anew with each try that is let through."""

    scope: str
    most: int
    period: timedelta
    code: str = "throttled"
    extends: bool = False
    always: bool = False


LOCKOUT = Limit("login", 5, timedelta(minutes=15), code="account_locked", extends=True, always=True)
# A class behind one address logs in at nine o'clock, so only wrong passwords count, once they are known to be wrong.
WRONG_FROM_ADDRESS = Limit("login_from", 10, timedelta(minutes=1))
SECOND_STEP = Limit("mfa", 10, timedelta(minutes=15), code="account_locked", extends=True, always=True)
REGISTRATION = Limit("register", 5, timedelta(hours=1))
MAIL_TO_ACCOUNT = Limit("mail", 3, timedelta(hours=1))
MAIL_FROM_ADDRESS = Limit("mail_from", 10, timedelta(hours=1))
REFRESH = Limit("refresh", 30, timedelta(minutes=1))


def hashed(account: str) -> str:
    """Return how an account, named by its address or id, stands in the table of counters."""
    return hashlib.sha256(normalised_email(account).encode()).hexdigest()


def here() -> str:
    """Return the network address that the request came from, as counters name it."""
    return (request_id.address.get() or "")[:LONGEST_ADDRESS]


def spend(limit: Limit, *, account: str = "", address: str = "") -> None:
    """Take one try, before whatever it is for is done.

    Raises LimitError with `retry_after` when none is left. Does nothing for limits that RATE_LIMITS turns off. Three
    queries, four at the first try, in a transaction that commits whatever happens next; one where no try is left, so
    that a crowd that is refused waits for no lock and costs little.
    """
    if not _holds(limit):
        return
    now = timezone.now()
    key = _key(limit, account, address)
    seen = AttemptCounter.objects.filter(**key, expires_at__gt=now).first()
    if seen is not None and seen.count >= limit.most:
        raise _refusal(limit, seen)
    with transaction.atomic():
        if seen is None:
            first = AttemptCounter(**key, expires_at=now + limit.period)
            AttemptCounter.objects.bulk_create([first], ignore_conflicts=True)
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
        raise _refusal(limit, counter)


def forgive(limit: Limit, *, account: str, address: str | None = None) -> int:
    """Forget an account's tries: those from one address, or all of them; return from how many addresses. One update."""
    counters = AttemptCounter.objects.filter(scope=limit.scope, subject=hashed(account))
    if address is not None:
        counters = counters.filter(address=address)
    return counters.exclude(count=0).update(count=0)


def look(limit: Limit, *, account: str = "", address: str = "") -> None:
    """Raise LimitError when there is no try left; takes none. For what only counts when it fails. One query."""
    if not _holds(limit):
        return
    spent = AttemptCounter.objects.filter(**_key(limit, account, address), expires_at__gt=timezone.now())
    counter = spent.filter(count__gte=limit.most).first()
    if counter is not None:
        raise _refusal(limit, counter)


def _holds(limit: Limit) -> bool:
    """Return whether this limit is on."""
    return limit.always or settings.RATE_LIMITS


def _key(limit: Limit, account: str, address: str) -> dict[str, str]:
    """Return what names a counter."""
    return {"scope": limit.scope, "subject": hashed(account) if account else "", "address": address}


def _refusal(limit: Limit, counter: AttemptCounter) -> LimitError:
    """Return the error for a counter that is full: when another try makes sense, in seconds and in words."""
    seconds = max(1, math.ceil((counter.expires_at - timezone.now()).total_seconds()))
    return LimitError(limit.code, _sentence(limit, seconds), retry_after=seconds)


def _sentence(limit: Limit, seconds: int) -> str:
    """Return what a person is told: the same whether the account exists or not."""
    minutes = math.ceil(seconds / 60)
    wait = ngettext("in %(n)d minute", "in %(n)d minutes", minutes) % {"n": minutes}
    if limit.code == "account_locked":
        return _("Too many wrong tries. Try again %(wait)s, or set a new password.") % {"wait": wait}
    return _("That was too often. Try again %(wait)s.") % {"wait": wait}
