"""dj-stripe's copy of Stripe's objects, for the admin. It calls Stripe, so it runs in a task, after everything of ours
is done (QUALITY, fact 4)."""

import logging
from typing import Any

import stripe
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError
from djstripe.exceptions import InvalidStripeAPIKey
from djstripe.models import Account, APIKey, Event

log = logging.getLogger(__name__)

SANDBOX_ACCOUNT = "acct_sandbox000000"
TIMEOUT_SECONDS = 4
# dj-stripe asks by the library's own client, which would wait 80 seconds.
stripe.default_http_client = stripe.RequestsClient(timeout=TIMEOUT_SECONDS)
stripe.max_network_retries = 1
# What a copy may fail by; the next event of the same object brings it up to date.
MAY_FAIL = (
    stripe.StripeError, DatabaseError, ObjectDoesNotExist, InvalidStripeAPIKey, LookupError, ValueError, TypeError,
    AttributeError,
)  # fmt: skip


def mirror(payload: dict[str, Any]) -> bool:
    """Have dj-stripe process an event; return whether it did. A failure is logged, and costs nothing of ours."""
    if not settings.PAYMENTS_MIRROR:
        return False
    stripe.api_base = settings.STRIPE_API_HOST or stripe.DEFAULT_API_BASE
    key = settings.STRIPE_SECRET_KEY or settings.STRIPE_SANDBOX_KEY
    try:
        if settings.STRIPE_SANDBOX:
            _know_the_sandbox(key)
        Event.process(payload, api_key=key)
    except MAY_FAIL as error:
        log.warning("dj-stripe could not copy %s: %s", payload.get("type"), type(error).__name__)
        return False
    return True


def _know_the_sandbox(key: str) -> None:
    """Write the account and the key that dj-stripe looks up for every event: the stand-in has no account to ask."""
    account, _is_new = Account.objects.get_or_create(id=SANDBOX_ACCOUNT, defaults={"livemode": False})
    APIKey.objects.get_or_create(
        secret=key,
        defaults={"type": "secret", "livemode": False, "name": "sandbox", "djstripe_owner_account": account},
    )
