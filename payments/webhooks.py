"""Verify Stripe's events, store them, and apply each in one short transaction (docs/architecture.md, "Facts", 4).

This module sends no requests to Stripe. dj-stripe's copy of an event follows in a job.
"""

import logging
import uuid
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import stripe
from django.conf import settings
from django.core.cache import cache
from django.db import DataError, IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError

from core.http.errors import DomainError
from core.http.json_parser import StrictJSONParser
from payments import order_updates
from payments.errors import PaymentError
from payments.models import Order, Outcome, StripeEvent
from payments.stripe_objects import (
    ChargeData,
    DisputeData,
    IntentData,
    RefundData,
    read_id,
    read_integer,
    read_object,
    read_text,
)
from payments.tasks import sync_djstripe

log = logging.getLogger(__name__)

StripeData = IntentData | DisputeData | RefundData | ChargeData

MAX_BODY_BYTES = 256 * 1024
TOLERANCE_SECONDS = 300
BAD_SIGNATURE_COUNTER = "payments.bad_signatures"
UNKNOWN_EVENT_LIFETIME = timedelta(days=3)


# The prefix of an event's type, the `object` of its object, and the class that reads it.
HANDLED: tuple[tuple[str, str, type[StripeData]], ...] = (
    ("payment_intent.", "payment_intent", IntentData),
    ("charge.dispute.", "dispute", DisputeData),
    ("refund.", "refund", RefundData),
    ("charge.refund.", "refund", RefundData),
    ("charge.refunded", "charge", ChargeData),
)
INTENT_STATUSES = {"payment_intent.succeeded": "succeeded", "payment_intent.canceled": "canceled"}


def receive_event(body: bytes, signature: str) -> StripeEvent | None:
    """Verify an event and apply it; return its row, or None for an event that was received before.

    Raises PaymentError `bad_signature` (400), which leaves no trace but a counter, `webhook_closed` (503) without a
    secret, and `bad_event` (400) for a malformed event. Any error while the event is applied rolls back its row as
    well, so that Stripe sends the event again (quality rows P02, P05, V10).
    """
    data = _verify(body, signature)
    try:
        with transaction.atomic():
            event = StripeEvent(
                id=data["id"],
                type=data["type"][:120],
                livemode=data["livemode"],
                payload=_without_secrets(data),
                outcome=Outcome.IGNORED,
                created_at=datetime.fromtimestamp(data["created"], tz=UTC),
            )
            event.save(force_insert=True)
            _apply_event(event)
            sync_djstripe.delay_on_commit(event.pk)
    except (IntegrityError, DataError) as error:
        if StripeEvent.objects.filter(pk=data["id"]).exists():
            return None
        log.exception("An event violates a constraint: %s", data["id"])
        raise PaymentError("bad_event", _("The event contradicts the stored data."), status=400) from error
    return event


def _verify(body: bytes, signature: str) -> dict[str, Any]:
    """Return the event in the raw body after verifying its signature."""
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise PaymentError("webhook_closed", _("The webhook secret is not set."), status=503)
    if not _is_signed(body, signature):
        cache.add(BAD_SIGNATURE_COUNTER, 0, None)
        cache.incr(BAD_SIGNATURE_COUNTER)
        raise PaymentError("bad_signature", _("The signature does not match the body."), status=400)
    try:
        data = StrictJSONParser().parse(BytesIO(body))
    except ParseError as error:
        raise PaymentError("bad_event", _("The body is not a Stripe event."), status=400) from error
    if not _is_event(data):
        raise PaymentError("bad_event", _("The body is not a Stripe event."), status=400)
    return dict(data)


def _is_signed(body: bytes, signature: str) -> bool:
    if not signature.isascii():  # Stripe's library compares the signatures as text, which has to be ASCII
        return False
    try:
        text = body.decode("utf-8")
        stripe.WebhookSignature.verify_header(text, signature, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE_SECONDS)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False
    return True


def _is_event(data: Any) -> bool:
    """Return whether the data has the fields of every event: id, type, mode, time and an object."""
    if not isinstance(data, dict) or not isinstance(data.get("livemode"), bool):
        return False
    try:
        read_id(data)
        read_text(data, "type", None)
        datetime.fromtimestamp(read_integer(data, "created"), tz=UTC)
        return isinstance(read_object(data, "data").get("object"), dict)
    except (PaymentError, ValueError, OverflowError, OSError):  # the last three: a time beyond the year 9999
        return False


def _without_secrets(data: dict[str, Any]) -> dict[str, Any]:
    """Return the event without the client secret, with which its reader could pay the intent."""
    stripe_object = {name: value for name, value in data["data"]["object"].items() if name != "client_secret"}
    return {**data, "data": {**data["data"], "object": stripe_object}}


def _apply_event(event: StripeEvent) -> None:
    """Apply an event to its order and store its outcome."""
    event.outcome, event.order = _apply(event.type, event.payload["data"]["object"], event.livemode)
    event.save(update_fields=["outcome", "order"])


def _apply(event_type: str, data: dict[str, Any], livemode: bool) -> tuple[Outcome, Order | None]:
    """Apply the object of an event; return the outcome and the order that it belongs to.

    An event that contradicts itself flags its order and has no other effect. It is accepted, since Stripe repeats a
    refused event for days, and no copy of it would match.
    """
    if livemode != settings.STRIPE_LIVE_MODE and not event_type.startswith("payment_intent."):
        return Outcome.MISMATCH, None
    name, reader = next(
        ((name, reader) for prefix, name, reader in HANDLED if event_type.startswith(prefix)), ("", None)
    )
    if reader is None:
        return Outcome.IGNORED, None
    stripe_object = reader.from_stripe({**data, "livemode": livemode})
    order = _find_order(stripe_object.intent_id, stripe_object.order_id)
    if order is None:
        return Outcome.UNKNOWN, None
    is_contradictory = (
        data.get("livemode", livemode) is not livemode
        or data.get("object", name) != name
        or data.get("status") != INTENT_STATUSES.get(event_type, data.get("status"))
    )
    if is_contradictory:
        order_updates.flag_order(order, _("An event contradicts itself."), object=stripe_object.id, type=event_type)
        return Outcome.MISMATCH, order
    return (Outcome.APPLIED if _apply_object(order, stripe_object, event_type) else Outcome.MISMATCH), order


def _apply_object(order: Order, stripe_object: StripeData, event_type: str) -> bool:
    """Apply the object to its order; return whether it matches the order."""
    match stripe_object:
        case IntentData():
            return order_updates.apply_intent(order, stripe_object)
        case DisputeData():
            return order_updates.apply_dispute(order, stripe_object, event_type)
        case RefundData():
            return order_updates.apply_refund(order, stripe_object)
        case ChargeData():
            return order_updates.apply_charge(order, stripe_object)


def _find_order(intent_id: str, order_id: str) -> Order | None:
    """Return the locked order of an intent, by the intent's id or else by the order id in its metadata.

    The event may arrive before the commit that stores the intent's id.
    """
    by_intent = Order.objects.filter(stripe_payment_intent_id=intent_id).values_list("pk", flat=True).first()
    if intent_id and by_intent:
        return order_updates.lock_order(by_intent)
    try:
        by_metadata = Order.objects.filter(pk=uuid.UUID(order_id)).values_list("pk", flat=True).first()
    except ValueError:
        return None
    return order_updates.lock_order(by_metadata) if by_metadata else None


def apply_unknown_events() -> int:
    """Apply the stored events whose order was unknown when they arrived; return how many match an order now."""
    since = timezone.now() - UNKNOWN_EVENT_LIFETIME
    applied = 0
    unknown = StripeEvent.objects.filter(outcome=Outcome.UNKNOWN, received_at__gt=since).order_by("received_at", "id")
    for event_id in list(unknown.values_list("pk", flat=True)[:200]):
        try:
            with transaction.atomic():
                event = StripeEvent.objects.select_for_update(of=("self",)).get(pk=event_id)
                if event.outcome == Outcome.UNKNOWN:
                    _apply_event(event)
                    applied += event.outcome != Outcome.UNKNOWN
        except (DomainError, IntegrityError, DataError):  # must not block the buyers whose requests apply the others
            log.exception("A stored event cannot be applied: %s", event_id)
            StripeEvent.objects.filter(pk=event_id).update(outcome=Outcome.MISMATCH)
    return applied
