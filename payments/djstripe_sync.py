"""Copy Stripe's objects to dj-stripe's tables, for the admin.

dj-stripe retrieves the objects from Stripe, so it runs in a job, after this app has applied the event
(docs/architecture.md, "Facts", 4).
"""

import logging
from typing import Any

import stripe
from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError
from djstripe.models import Account, APIKey, Event

log = logging.getLogger(__name__)

SANDBOX_ACCOUNT = "acct_sandbox000000"
TIMEOUT_SECONDS = 4
# dj-stripe uses the stripe library's default client, which would wait 80 seconds.
stripe.default_http_client = stripe.RequestsClient(timeout=TIMEOUT_SECONDS)
stripe.max_network_retries = 1
# The errors with which dj-stripe rejects an event. The next event about the same object updates its copy.
SYNC_ERRORS = (
    stripe.StripeError,  # Stripe is unavailable or rejects the request
    DatabaseError,  # the transaction of `Event.process` was rolled back
    ObjectDoesNotExist,  # `_get_or_create_from_stripe_object`: a concurrent insert was rolled back
    ValueError,  # `_stripe_object_to_record`: an object of a type that the model does not fit; InvalidStripeAPIKey
)


def sync_event(payload: dict[str, Any]) -> bool:
    """Have dj-stripe process an event; return whether it did.

    Expected errors are logged, since orders do not depend on the copies. Any other error fails the job.
    """
    if not settings.PAYMENTS_MIRROR:
        return False
    stripe.api_base = settings.STRIPE_API_HOST or stripe.DEFAULT_API_BASE
    key = settings.STRIPE_SECRET_KEY or settings.STRIPE_SANDBOX_KEY
    try:
        if settings.STRIPE_SANDBOX:
            _create_sandbox_account(key)
        Event.process(payload, api_key=key)
    except SYNC_ERRORS as error:
        log.warning("dj-stripe could not copy %s: %s", payload.get("type"), type(error).__name__)
        return False
    return True


def _create_sandbox_account(key: str) -> None:
    """Create the account and API key that dj-stripe looks up for every event; localstripe has no account endpoint."""
    account, _is_new = Account.objects.get_or_create(id=SANDBOX_ACCOUNT, defaults={"livemode": False})
    APIKey.objects.get_or_create(
        secret=key,
        defaults={"type": "secret", "livemode": False, "name": "sandbox", "djstripe_owner_account": account},
    )
