"""The one door to Stripe, or to its stand-in: every call has a time-out, and none is made inside a transaction.

In the sandbox (no `STRIPE_SECRET_KEY`) the same calls go to `STRIPE_API_HOST`, where `localstripe` answers.
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

# Two tries of four seconds stay below the ten within which a buyer gets an answer (QUALITY P11).
TIMEOUT_SECONDS = 4
TRIES_AGAIN = 1
RETRY_AFTER_SECONDS = 10

# What the sandbox's cards are at Stripe: https://docs.stripe.com/testing
SANDBOX_CARDS = {
    "succeeds": "4242424242424242",
    "declined": "4000000000000341",
    "authenticate": "4000002500003155",
}


def is_open() -> bool:
    """Return whether anything can be paid: with Stripe's keys, or in the sandbox of a development start."""
    return bool(settings.STRIPE_SECRET_KEY) or settings.STRIPE_SANDBOX


@lru_cache(maxsize=4)
def _client(key: str, host: str) -> stripe.StripeClient:
    """Return the client of a key; it keeps its connections."""
    return stripe.StripeClient(
        key,
        http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
        base_addresses={"api": host} if host else {},
        max_network_retries=TRIES_AGAIN,
    )


def _stripe() -> Any:
    """Return the client's calls. Raises PaymentError `payments_closed` (503) where no key is set in production."""
    if not is_open():
        raise PaymentError("payments_closed", _("Nothing can be paid here yet."), status=503)
    key = settings.STRIPE_SECRET_KEY or settings.STRIPE_SANDBOX_KEY
    return _client(key, settings.STRIPE_API_HOST).v1


def _ask(call: Callable[[], T]) -> T:
    """Return what Stripe answers. Raises PaymentError: `stripe_unavailable` (503, with when to come back) when it does
    not, `card_declined` (402) and `payment_refused` (409) for what it says no to."""
    try:
        return call()
    except stripe.CardError as error:
        raise PaymentError("card_declined", error.user_message or _("Your card was declined."), status=402) from error
    except stripe.InvalidRequestError as error:
        log.warning("Stripe refused: %s", error.code or error.http_status)
        raise PaymentError("payment_refused", _("Stripe does not allow that, as things stand.")) from error
    except stripe.StripeError as error:
        log.error("Stripe does not answer: %s", type(error).__name__)
        raise PaymentError(
            "stripe_unavailable",
            _("The payment service does not answer. Nothing was charged; try again in a moment."),
            status=503,
            retry_after=RETRY_AFTER_SECONDS,
        ) from error


def create_intent(order: Order) -> dict[str, Any]:
    """Return the PaymentIntent of an order. However often it is asked, Stripe makes one: the order's id is the
    idempotency key (QUALITY P07)."""
    params: dict[str, Any] = {
        "amount": order.amount,
        "currency": order.currency.lower(),
        "metadata": {"order_id": str(order.pk)},
    }
    if settings.STRIPE_SECRET_KEY:
        params |= {"automatic_payment_methods": {"enabled": True}, "description": order.course_title}
    else:
        params |= {"payment_method_types": ["card"]}
    intents = _stripe().payment_intents
    return plain(_ask(lambda: intents.create(params=params, options={"idempotency_key": str(order.pk)})))


def retrieve_intent(intent_id: str) -> dict[str, Any]:
    """Return a PaymentIntent with its latest charge and what that cost."""
    intents = _stripe().payment_intents
    expand = ["latest_charge.balance_transaction"] if settings.STRIPE_SECRET_KEY else ["latest_charge"]
    return plain(_ask(lambda: intents.retrieve(intent_id, params={"expand": expand})))


def cancel_intent(intent_id: str) -> dict[str, Any]:
    """Return a PaymentIntent that can no longer be paid. Raises PaymentError `payment_refused` for one that was."""
    intents = _stripe().payment_intents
    return plain(_ask(lambda: intents.cancel(intent_id)))


def create_refund(refund: Refund, intent_id: str) -> dict[str, Any]:
    """Return Stripe's refund of one of ours; our id is the idempotency key (QUALITY P08)."""
    params = {
        "payment_intent": intent_id,
        "amount": refund.amount,
        "metadata": {"order_id": str(refund.order_id), "refund_id": str(refund.pk)},
    }
    refunds = _stripe().refunds
    return plain(_ask(lambda: refunds.create(params=params, options={"idempotency_key": f"refund-{refund.pk}"})))


def all_intents() -> Iterator[dict[str, Any]]:
    """Yield every PaymentIntent that Stripe knows, each with its latest charge; a hundred to a call."""
    intents = _stripe().payment_intents
    page = _ask(lambda: intents.list(params={"limit": 100, "expand": ["data.latest_charge"]}))
    while True:
        for intent in page.data:
            yield plain(intent)
        if not page.has_more or not page.data:
            return
        params = {"limit": 100, "expand": ["data.latest_charge"], "starting_after": page.data[-1].id}
        page = _ask(lambda params=params: intents.list(params=params))  # type: ignore[misc]  # mypy does not infer it


def confirm_in_sandbox(intent_id: str, card: str) -> dict[str, Any]:
    """Pay an intent with one of the sandbox's cards, as a browser with Stripe's form would; return the intent.

    A card that asks for authentication leaves it at `requires_action`; naming it again passes the authentication.
    Raises PaymentError `card_declined` (402).
    """
    calls = _stripe()
    intent = plain(_ask(lambda: calls.payment_intents.retrieve(intent_id)))
    if intent["status"] == "succeeded":
        return intent
    if intent["status"] == "requires_action" and card == "authenticate":
        path = f"/v1/payment_intents/{intent_id}/_authenticate"
        params = {"client_secret": intent["client_secret"], "success": "true"}
        key = settings.STRIPE_SANDBOX_KEY
        client = _client(key, settings.STRIPE_API_HOST)
        _ask(lambda: client.raw_request("post", path, **params))
        return plain(_ask(lambda: calls.payment_intents.retrieve(intent_id)))
    details = {"number": SANDBOX_CARDS[card], "exp_month": 12, "exp_year": 2040, "cvc": "123"}
    method = _ask(lambda: calls.payment_methods.create(params={"type": "card", "card": details}))
    _ask(lambda: calls.payment_intents.update(intent_id, params={"payment_method": method.id}))
    return plain(_ask(lambda: calls.payment_intents.confirm(intent_id)))


def plain(answer: Any) -> dict[str, Any]:
    """Return an answer of Stripe's as dictionaries."""
    return dict(answer.to_dict()) if hasattr(answer, "to_dict") else dict(answer)
