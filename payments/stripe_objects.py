"""Typed data of Stripe's objects, under the names that this app uses.

`from_stripe` raises PaymentError `bad_event` (400) for an object that lacks a required field or has a field of another
type. A null is treated as missing.
"""

import re
from dataclasses import dataclass
from typing import Any, Self

from django.utils.translation import gettext as _

from payments.errors import PaymentError

MAX_ID_LENGTH = 255
# The largest integer that JSON clients read exactly; the columns hold more.
MAX_AMOUNT = 2**53


def malformed_error(name: str) -> PaymentError:
    """Return the error for a field that is missing or malformed."""
    return PaymentError("bad_event", _("The field %(name)s is missing or malformed.") % {"name": name}, status=400)


def read_text(data: dict[str, Any], name: str, default: str | None = "") -> str:
    """Return a string; with `default` None it is required and not empty."""
    value = data.get(name)
    value = default if value is None else value
    if not isinstance(value, str) or (default is None and not value):
        raise malformed_error(name)
    return value


def read_id(data: dict[str, Any], name: str = "id") -> str:
    """Return a required id that fits into a column."""
    value = read_text(data, name, None)
    if len(value) > MAX_ID_LENGTH:
        raise malformed_error(name)
    return value


def read_reference(data: dict[str, Any], name: str) -> str:
    """Return the id of another object, which may be expanded; an empty string if there is none."""
    value = data.get(name)
    if value is None or value == "":
        return ""
    return read_id(value) if isinstance(value, dict) else read_id(data, name)


def read_integer(data: dict[str, Any], name: str, default: int | None = None, *, at_least: int = 0) -> int:
    """Return an integer; with `default` None it is required."""
    value = data.get(name)
    value = default if value is None else value
    if not isinstance(value, int) or isinstance(value, bool) or not at_least <= value <= MAX_AMOUNT:
        raise malformed_error(name)
    return value


def read_currency(data: dict[str, Any]) -> str:
    """Return the currency in capitals."""
    value = read_text(data, "currency", None)
    if not re.fullmatch(r"[A-Za-z]{3}", value):
        raise malformed_error("currency")
    return value.upper()


def read_object(data: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a nested object; an empty one if there is none."""
    value = data.get(name)
    if value is not None and not isinstance(value, dict):
        raise malformed_error(name)
    return value or {}


def read_list(data: dict[str, Any], name: str) -> list[Any]:
    """Return a list; an empty one if there is none."""
    value = data.get(name)
    if value is not None and not isinstance(value, list):
        raise malformed_error(name)
    return value or []


def _read_method(data: dict[str, Any]) -> str:
    methods = read_list(data, "payment_method_types") or ["card"]
    return read_text({"payment_method_types": methods[0]}, "payment_method_types", "card")


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

    @property
    def intent_id(self) -> str:
        """The id of the intent, under the name that the other objects have for it."""
        return self.id

    @classmethod
    def from_stripe(cls, data: dict[str, Any]) -> Self:
        """Return the data of a PaymentIntent, with refunds and fee if its latest charge is expanded."""
        charge = data.get("latest_charge")
        charge = charge if isinstance(charge, dict) else {}
        transaction = charge.get("balance_transaction")
        transaction = transaction if isinstance(transaction, dict) else {}
        status = read_text(data, "status", None)
        amount = read_integer(data, "amount", at_least=1)
        fee = read_integer(transaction, "fee", 0)
        return cls(
            id=read_id(data),
            order_id=read_text(read_object(data, "metadata"), "order_id"),
            amount=read_integer(data, "amount_received", amount, at_least=1) if status == "succeeded" else amount,
            currency=read_currency(data),
            livemode=bool(data.get("livemode")),
            status=status,
            charge_id=read_reference(data, "latest_charge"),
            method=_read_method(data),
            method_id=read_reference(data, "payment_method"),
            error=read_text(read_object(data, "last_payment_error"), "message"),
            charge_refunded=read_integer(charge, "amount_refunded", 0),
            fee=fee,
            fee_currency=read_currency(transaction) if fee else "",
            fee_id=read_id(transaction) if fee else "",
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
        metadata = read_object(data, "metadata")
        return cls(
            id=read_id(data),
            intent_id=read_reference(data, "payment_intent"),
            order_id=read_text(metadata, "order_id"),
            refund_id=read_text(metadata, "refund_id"),
            amount=read_integer(data, "amount", at_least=1),
            currency=read_currency(data),
            status=read_text(data, "status", "succeeded"),
        )


@dataclass(frozen=True)
class ChargeData:
    """The data of a charge; `refunded` is the total of its refunds in minor units."""

    id: str
    intent_id: str
    order_id: str
    amount: int
    currency: str
    refunded: int
    refunds: list[RefundData]

    @classmethod
    def from_stripe(cls, data: dict[str, Any]) -> Self:
        """Return the data of a charge."""
        refunds = read_list(read_object(data, "refunds"), "data")
        if not all(isinstance(refund, dict) for refund in refunds):
            raise malformed_error("refunds")
        return cls(
            id=read_id(data),
            intent_id=read_reference(data, "payment_intent"),
            order_id=read_text(read_object(data, "metadata"), "order_id"),
            amount=read_integer(data, "amount", at_least=1),
            currency=read_currency(data),
            refunded=read_integer(data, "amount_refunded", 0),
            refunds=[RefundData.from_stripe(refund) for refund in refunds],
        )


@dataclass(frozen=True)
class DisputeData:
    """The data of a dispute, which has no metadata of ours."""

    id: str
    intent_id: str
    amount: int
    currency: str
    reason: str
    status: str
    order_id: str = ""

    @classmethod
    def from_stripe(cls, data: dict[str, Any]) -> Self:
        """Return the data of a dispute."""
        return cls(
            id=read_id(data),
            intent_id=read_reference(data, "payment_intent"),
            amount=read_integer(data, "amount", at_least=1),
            currency=read_currency(data),
            reason=read_text(data, "reason"),
            status=read_text(data, "status"),
        )
