"""Typed data of Stripe's objects, under the names that this app uses."""

from dataclasses import dataclass
from typing import Any, Self


def id_of(value: Any) -> str:
    """Return the id from an id, an expanded object or None; an empty string for None."""
    if isinstance(value, dict):
        return str(value.get("id") or "")
    return str(value or "")


def _order_id(data: dict[str, Any]) -> str:
    return str((data.get("metadata") or {}).get("order_id") or "")


@dataclass(frozen=True)
class IntentData:
    """The data of a PaymentIntent; amounts are in minor units."""

    id: str
    order_id: str
    amount: int
    currency: str
    livemode: bool
    status: str
    charge_id: str
    method: str
    method_id: str
    error: str
    charge_refunded: int
    fee: int
    fee_currency: str
    fee_id: str

    @classmethod
    def from_stripe(cls, data: dict[str, Any]) -> Self:
        """Return the data of a PaymentIntent, with refunds and fee if its latest charge is expanded."""
        charge = data.get("latest_charge")
        charge = charge if isinstance(charge, dict) else {}
        transaction = charge.get("balance_transaction")
        transaction = transaction if isinstance(transaction, dict) else {}
        received = data.get("amount_received")
        return cls(
            id=str(data.get("id", "")),
            order_id=_order_id(data),
            amount=int(received if data.get("status") == "succeeded" and received is not None else data["amount"]),
            currency=str(data.get("currency", "")).upper(),
            livemode=bool(data.get("livemode")),
            status=str(data.get("status", "")),
            charge_id=id_of(data.get("latest_charge")),
            method=str((data.get("payment_method_types") or ["card"])[0]),
            method_id=id_of(data.get("payment_method")),
            error=str((data.get("last_payment_error") or {}).get("message") or ""),
            charge_refunded=int(charge.get("amount_refunded") or 0),
            fee=int(transaction.get("fee") or 0),
            fee_currency=str(transaction.get("currency", "")).upper(),
            fee_id=str(transaction.get("id", "")),
        )


@dataclass(frozen=True)
class ChargeData:
    """The data of a charge; `refunded` is the total of its refunds in minor units."""

    id: str
    intent_id: str
    order_id: str
    amount: int
    currency: str
    paid: bool
    refunded: int
    refunds: list[dict[str, Any]]

    @classmethod
    def from_stripe(cls, data: dict[str, Any]) -> Self:
        """Return the data of a charge."""
        return cls(
            id=str(data.get("id", "")),
            intent_id=id_of(data.get("payment_intent")),
            order_id=_order_id(data),
            amount=int(data.get("amount") or 0),
            currency=str(data.get("currency", "")).upper(),
            paid=bool(data.get("paid")),
            refunded=int(data.get("amount_refunded") or 0),
            refunds=list((data.get("refunds") or {}).get("data") or []),
        )


@dataclass(frozen=True)
class RefundData:
    """The data of a refund; `refund_id` is the id of our row if this site requested it."""

    id: str
    intent_id: str
    order_id: str
    refund_id: str
    amount: int
    currency: str
    status: str

    @classmethod
    def from_stripe(cls, data: dict[str, Any]) -> Self:
        """Return the data of a refund."""
        return cls(
            id=str(data.get("id", "")),
            intent_id=id_of(data.get("payment_intent")),
            order_id=_order_id(data),
            refund_id=str((data.get("metadata") or {}).get("refund_id") or ""),
            amount=int(data.get("amount") or 0),
            currency=str(data.get("currency", "")).upper(),
            status=str(data.get("status") or "succeeded"),
        )


@dataclass(frozen=True)
class DisputeData:
    """The data of a dispute."""

    id: str
    intent_id: str
    amount: int
    currency: str
    reason: str
    status: str

    @classmethod
    def from_stripe(cls, data: dict[str, Any]) -> Self:
        """Return the data of a dispute."""
        return cls(
            id=str(data.get("id", "")),
            intent_id=id_of(data.get("payment_intent")),
            amount=int(data.get("amount") or 0),
            currency=str(data.get("currency", "")).upper(),
            reason=str(data.get("reason") or ""),
            status=str(data.get("status") or ""),
        )
