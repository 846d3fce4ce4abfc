"""Verify Stripe's events, store them, and apply each in one short transaction (docs/architecture.md, "Facts", 4).

This module sends no requests to Stripe. dj-stripe's copy of an event follows in a job.
"""

import json
import logging
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe
from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from payments import order_updates
from payments.errors import PaymentError
from payments.models import Order, Outcome, StripeEvent
from payments.stripe_objects import ChargeData, DisputeData, IntentData, RefundData
from payments.tasks import sync_djstripe

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 256 * 1024
TOLERANCE_SECONDS = 300
BAD_SIGNATURE_COUNTER = "payments.bad_signatures"
UNKNOWN_EVENT_LIFETIME = timedelta(days=3)


def receive_event(body: bytes, signature: str) -> StripeEvent | None:
    """Verify an event and apply it; return its row, or None for an event that was received before.

    Raises PaymentError `bad_signature` (400), which leaves no trace but a counter, `webhook_closed` (503) without a
    secret, and `bad_event` (400). Any error while the event is applied rolls back its row as well, so that Stripe sends
    the event again (quality rows P02, P05).
    """
    data = _verify(body, signature)
    try:
        with transaction.atomic():
            event = StripeEvent(
                id=data["id"],
                type=data["type"][:120],
                livemode=bool(data.get("livemode")),
                payload=_without_secrets(data),
                outcome=Outcome.IGNORED,
                created_at=datetime.fromtimestamp(int(data.get("created") or 0), tz=UTC),
            )
            event.save(force_insert=True)
            _apply_event(event)
            sync_djstripe.delay_on_commit(event.pk)
    except IntegrityError:
        if StripeEvent.objects.filter(pk=data["id"]).exists():
            return None
        raise
    return event


def _verify(body: bytes, signature: str) -> dict[str, Any]:
    """Return the event in the raw body after verifying its signature."""
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise PaymentError("webhook_closed", _("The webhook secret is not set."), status=503)
    try:
        text = body.decode("utf-8")
        stripe.WebhookSignature.verify_header(text, signature, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE_SECONDS)
    except (stripe.SignatureVerificationError, UnicodeDecodeError) as error:
        cache.add(BAD_SIGNATURE_COUNTER, 0, None)
        cache.incr(BAD_SIGNATURE_COUNTER)
        raise PaymentError("bad_signature", _("The signature does not match the body."), status=400) from error
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    is_event = isinstance(data, dict) and isinstance(data.get("id"), str) and isinstance(data.get("type"), str)
    if not is_event or not isinstance((data.get("data") or {}).get("object"), dict):
        raise PaymentError("bad_event", _("The body is not a Stripe event."), status=400)
    return dict(data)


def _without_secrets(data: dict[str, Any]) -> dict[str, Any]:
    """Return the event without the client secret, with which its reader could pay the intent."""
    stripe_object = {name: value for name, value in data["data"]["object"].items() if name != "client_secret"}
    return {**data, "data": {**data["data"], "object": stripe_object}}


def _apply_event(event: StripeEvent) -> None:
    """Apply an event to its order and store its outcome."""
    event.outcome, event.order = _apply(event.type, event.payload["data"]["object"], event.livemode)
    event.save(update_fields=["outcome", "order"])


def _apply(event_type: str, data: dict[str, Any], livemode: bool) -> tuple[Outcome, Order | None]:
    """Apply the object of an event; return the outcome and the order that it belongs to."""
    if livemode != settings.STRIPE_LIVE_MODE and not event_type.startswith("payment_intent."):
        return Outcome.MISMATCH, None
    if event_type.startswith("payment_intent."):
        intent = IntentData.from_stripe({**data, "livemode": livemode})
        order = _find_order(intent.id, intent.order_id)
        return _outcome(order, order is not None and _apply_intent(order, intent, event_type))
    if event_type.startswith("charge.dispute."):
        dispute = DisputeData.from_stripe(data)
        order = _find_order(dispute.intent_id, "")
        return _outcome(order, order is not None and order_updates.apply_dispute(order, dispute, event_type))
    if event_type.startswith(("refund.", "charge.refund.")):
        refund = RefundData.from_stripe(data)
        order = _find_order(refund.intent_id, refund.order_id)
        return _outcome(order, order is not None and order_updates.apply_refund(order, refund))
    if event_type == "charge.refunded":
        charge = ChargeData.from_stripe(data)
        order = _find_order(charge.intent_id, charge.order_id)
        return _outcome(order, order is not None and order_updates.apply_charge(order, charge))
    return Outcome.IGNORED, None


def _apply_intent(order: Order, intent: IntentData, event_type: str) -> bool:
    """Apply the intent of an event; flag the order if the event's type and the intent's status disagree."""
    if event_type == "payment_intent.succeeded" and intent.status != "succeeded":
        order_updates.flag_order(order, _("An event and its payment intent disagree."), intent=intent.id)
        return False
    return order_updates.apply_intent(order, intent)


def _outcome(order: Order | None, matches: bool) -> tuple[Outcome, Order | None]:
    if order is None:
        return Outcome.UNKNOWN, None
    return (Outcome.APPLIED if matches else Outcome.MISMATCH), order


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
        with transaction.atomic():
            event = StripeEvent.objects.select_for_update(of=("self",)).get(pk=event_id)
            if event.outcome == Outcome.UNKNOWN:
                _apply_event(event)
                applied += event.outcome != Outcome.UNKNOWN
    return applied
