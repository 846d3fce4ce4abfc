"""Calls to Stripe's API, each with a time-out; none of them is made inside a database transaction.

In the sandbox (no `STRIPE_SECRET_KEY`) the same calls go to `localstripe` at `STRIPE_API_HOST`.
"""

import logging
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, TypeVar

import stripe
from django.conf import settings
from django.utils.translation import gettext as _

from payments.errors import PaymentError
from payments.models import Order, Refund

log = logging.getLogger(__name__)

T = TypeVar("T")

# Two attempts of four seconds stay below the ten seconds within which a buyer gets a response (quality row P11).
TIMEOUT_SECONDS = 4
MAX_NETWORK_RETRIES = 1
RETRY_AFTER_SECONDS = 10

# Numbers of the sandbox's cards: https://docs.stripe.com/testing
SANDBOX_CARDS = {
    "succeeds": "4242424242424242",
    "declined": "4000000000000341",
    "authenticate": "4000002500003155",
}


def is_configured() -> bool:
    """Return whether payments are possible: with Stripe's keys, or in the sandbox of development."""
    return bool(settings.STRIPE_SECRET_KEY) or settings.STRIPE_SANDBOX


@lru_cache(maxsize=4)
def _client(key: str, host: str) -> stripe.StripeClient:
    """Return the client for a key; it is cached because it reuses its connections."""
    return stripe.StripeClient(
        key,
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        base_addresses={"api": host} if host else {},
        max_network_retries=MAX_NETWORK_RETRIES,
    )


def _api() -> Any:
    """Return the client's v1 API. Raises PaymentError `payments_closed` (503) without a key in production."""
    if not is_configured():
        raise PaymentError("payments_closed", _("Payments are not set up on this site yet."), status=503)
    key = settings.STRIPE_SECRET_KEY or settings.STRIPE_SANDBOX_KEY
    return _client(key, settings.STRIPE_API_HOST).v1


def _call(request: Callable[[], T]) -> T:
    """Return Stripe's response to a request.

    Raises PaymentError `card_declined` (402), `payment_refused` (409) for a request that Stripe rejects, and
    `stripe_unavailable` (503, with `Retry-After`) when Stripe does not respond.
    """
    try:
        return request()
    except stripe.CardError as error:
        raise PaymentError("card_declined", error.user_message or _("Your card was declined."), status=402) from error
    except stripe.InvalidRequestError as error:
        log.warning("Stripe rejected a request: %s", error.code or error.http_status)
        raise PaymentError("payment_refused", _("Stripe rejected this request.")) from error
    except stripe.StripeError as error:
        log.error("Stripe is unavailable: %s", type(error).__name__)
        raise PaymentError(
            "stripe_unavailable",
            _("The payment service is unavailable. You have not been charged. Try again in a moment."),
            status=503,
            retry_after=RETRY_AFTER_SECONDS,
        ) from error


def create_intent(order: Order) -> dict[str, Any]:
    """Create the PaymentIntent of an order and return it.

    Repeated calls return the same intent: the order's id is the idempotency key (quality row P07).
    """
    params: dict[str, Any] = {
        "amount": order.amount,
        "currency": order.currency.lower(),
        "metadata": {"order_id": str(order.pk)},
    }
    if settings.STRIPE_SECRET_KEY:
        params |= {"automatic_payment_methods": {"enabled": True}, "description": order.course_title}
    else:
        params |= {"payment_method_types": ["card"]}
    intents = _api().payment_intents
    return to_dict(_call(lambda: intents.create(params=params, options={"idempotency_key": str(order.pk)})))


def retrieve_intent(intent_id: str) -> dict[str, Any]:
    """Return a PaymentIntent with its latest charge and, with real keys, Stripe's fee."""
    intents = _api().payment_intents
    expand = ["latest_charge.balance_transaction"] if settings.STRIPE_SECRET_KEY else ["latest_charge"]
    return to_dict(_call(lambda: intents.retrieve(intent_id, params={"expand": expand})))


def cancel_intent(intent_id: str) -> dict[str, Any]:
    """Cancel a PaymentIntent and return it. Raises PaymentError `payment_refused` for a paid one."""
    intents = _api().payment_intents
    return to_dict(_call(lambda: intents.cancel(intent_id)))


def create_refund(refund: Refund, intent_id: str) -> dict[str, Any]:
    """Create a refund at Stripe and return it; the id of our row is the idempotency key (quality row P08)."""
    params = {
        "payment_intent": intent_id,
        "amount": refund.amount,
        "metadata": {"order_id": str(refund.order_id), "refund_id": str(refund.pk)},
    }
    refunds = _api().refunds
    return to_dict(_call(lambda: refunds.create(params=params, options={"idempotency_key": f"refund-{refund.pk}"})))


def iter_intents() -> Iterator[dict[str, Any]]:
    """Yield every PaymentIntent at Stripe with its latest charge; one request returns 100."""
    intents = _api().payment_intents
    page = _call(lambda: intents.list(params={"limit": 100, "expand": ["data.latest_charge"]}))
    while True:
        for intent in page.data:
            yield to_dict(intent)
        if not page.has_more or not page.data:
            return
        params = {"limit": 100, "expand": ["data.latest_charge"], "starting_after": page.data[-1].id}
        page = _call(lambda params=params: intents.list(params=params))  # type: ignore[misc]  # mypy does not infer it


def confirm_in_sandbox(intent_id: str, card: str) -> dict[str, Any]:
    """Pay an intent with one of the sandbox's cards, as Stripe's form does in a browser; return the intent.

    The card `authenticate` leaves the intent at `requires_action`; a second call with it completes the authentication.
    Raises PaymentError `card_declined` (402).
    """
    api = _api()
    intent = to_dict(_call(lambda: api.payment_intents.retrieve(intent_id)))
    if intent["status"] == "succeeded":
        return intent
    if intent["status"] == "requires_action" and card == "authenticate":
        path = f"/v1/payment_intents/{intent_id}/_authenticate"
        params = {"client_secret": intent["client_secret"], "success": "true"}
        key = settings.STRIPE_SANDBOX_KEY
        client = _client(key, settings.STRIPE_API_HOST)
        _call(lambda: client.raw_request("post", path, **params))
        return to_dict(_call(lambda: api.payment_intents.retrieve(intent_id)))
    details = {"number": SANDBOX_CARDS[card], "exp_month": 12, "exp_year": 2040, "cvc": "123"}
    method = _call(lambda: api.payment_methods.create(params={"type": "card", "card": details}))
    _call(lambda: api.payment_intents.update(intent_id, params={"payment_method": method.id}))
    return to_dict(_call(lambda: api.payment_intents.confirm(intent_id)))


def to_dict(response: Any) -> dict[str, Any]:
    """Return a response of Stripe's library as plain dictionaries."""
    return dict(response.to_dict()) if hasattr(response, "to_dict") else dict(response)
