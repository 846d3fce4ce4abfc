"""Events from Stripe: verified, written down, and applied in one short transaction (QUALITY, fact 4).

Nothing here calls Stripe. What dj-stripe makes of the same event follows in a task.
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

from payments import settling
from payments.errors import PaymentError
from payments.facts import ChargeFacts, DisputeFacts, IntentFacts, RefundFacts
from payments.models import Order, Outcome, StripeEvent
from payments.tasks import synchronise

log = logging.getLogger(__name__)

LARGEST_BODY = 256 * 1024
TOLERANCE_SECONDS = 300
BAD_SIGNATURES = "payments.bad_signatures"
UNKNOWN_FOR = timedelta(days=3)


def receive(body: bytes, signature: str) -> StripeEvent | None:
    """Verify an event and apply it; return its row, or None for one that was received before.

    Raises PaymentError `bad_signature` (400), which leaves nothing but a counter, `webhook_closed` (503) without a
    secret, `bad_event` (400); whatever goes wrong while it is applied takes its row back too, so that Stripe sends it
    again (QUALITY P02, P05).
    """
    data = _verified(body, signature)
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
            _apply_to(event)
            synchronise.delay_on_commit(event.pk)
    except IntegrityError:
        if StripeEvent.objects.filter(pk=data["id"]).exists():
            return None
        raise
    return event


def _verified(body: bytes, signature: str) -> dict[str, Any]:
    """Return the event that the raw bytes carry, once their signature is good."""
    if not settings.STRIPE_WEBHOOK_SECRET:
        raise PaymentError("webhook_closed", _("No webhook secret is set."), status=503)
    try:
        text = body.decode("utf-8")
        stripe.WebhookSignature.verify_header(text, signature, settings.STRIPE_WEBHOOK_SECRET, TOLERANCE_SECONDS)
    except (stripe.SignatureVerificationError, UnicodeDecodeError) as error:
        cache.add(BAD_SIGNATURES, 0, None)
        cache.incr(BAD_SIGNATURES)
        raise PaymentError("bad_signature", _("The signature does not fit the body."), status=400) from error
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        data = None
    known = isinstance(data, dict) and isinstance(data.get("id"), str) and isinstance(data.get("type"), str)
    if not known or not isinstance((data.get("data") or {}).get("object"), dict):
        raise PaymentError("bad_event", _("The body is not an event."), status=400)
    return dict(data)


def _without_secrets(data: dict[str, Any]) -> dict[str, Any]:
    """Return the event without what would let its reader pay or act."""
    thing = {name: value for name, value in data["data"]["object"].items() if name != "client_secret"}
    return {**data, "data": {**data["data"], "object": thing}}


def _apply_to(event: StripeEvent) -> None:
    """Apply an event to its order, and write down what became of it."""
    event.outcome, event.order = _apply(event.type, event.payload["data"]["object"], event.livemode)
    event.save(update_fields=["outcome", "order"])


def _apply(kind: str, data: dict[str, Any], livemode: bool) -> tuple[Outcome, Order | None]:
    """Apply what an event says; return what became of it, and the order that it concerns."""
    if livemode != settings.STRIPE_LIVE_MODE and not kind.startswith("payment_intent."):
        return Outcome.MISMATCH, None
    if kind.startswith("payment_intent."):
        intent = IntentFacts.of({**data, "livemode": livemode})
        order = _order_of(intent.id, intent.order_id)
        return _outcome(order, order is not None and _apply_intent(order, intent, kind))
    if kind.startswith("charge.dispute."):
        dispute = DisputeFacts.of(data)
        order = _order_of(dispute.intent_id, "")
        return _outcome(order, order is not None and settling.apply_dispute(order, dispute, kind))
    if kind.startswith(("refund.", "charge.refund.")):
        refund = RefundFacts.of(data)
        order = _order_of(refund.intent_id, refund.order_id)
        return _outcome(order, order is not None and settling.apply_refund(order, refund))
    if kind == "charge.refunded":
        charge = ChargeFacts.of(data)
        order = _order_of(charge.intent_id, charge.order_id)
        return _outcome(order, order is not None and settling.apply_charge(order, charge))
    return Outcome.IGNORED, None


def _apply_intent(order: Order, intent: IntentFacts, kind: str) -> bool:
    """Apply an intent's event: its type, not the object's status, says what happened."""
    if kind == "payment_intent.succeeded" and intent.status != "succeeded":
        settling.flag(order, _("An event and its payment intent contradict each other."), intent=intent.id)
        return False
    return settling.apply_intent(order, intent)


def _outcome(order: Order | None, fits: bool) -> tuple[Outcome, Order | None]:
    if order is None:
        return Outcome.UNKNOWN, None
    return (Outcome.APPLIED if fits else Outcome.MISMATCH), order


def _order_of(intent_id: str, order_id: str) -> Order | None:
    """Return the order that an intent belongs to, locked: by the intent's id, or by the order that its metadata names
    while that has no intent of its own yet (the event may be quicker than our own commit)."""
    by_intent = Order.objects.filter(stripe_payment_intent_id=intent_id).values_list("pk", flat=True).first()
    if intent_id and by_intent:
        return settling.locked(by_intent)
    try:
        named = Order.objects.filter(pk=uuid.UUID(order_id)).values_list("pk", flat=True).first()
    except ValueError:
        return None
    return settling.locked(named) if named else None


def apply_waiting() -> int:
    """Apply the events that named nothing we knew when they came; return how many found their order since."""
    since = timezone.now() - UNKNOWN_FOR
    found = 0
    waiting = StripeEvent.objects.filter(outcome=Outcome.UNKNOWN, received_at__gt=since).order_by("received_at", "id")
    for event_id in list(waiting.values_list("pk", flat=True)[:200]):
        with transaction.atomic():
            event = StripeEvent.objects.select_for_update(of=("self",)).get(pk=event_id)
            if event.outcome == Outcome.UNKNOWN:
                _apply_to(event)
                found += event.outcome != Outcome.UNKNOWN
    return found
