"""Which request this is, and where it came from: known to every log line and audit entry without being passed along."""

import ipaddress
import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

current: ContextVar[str] = ContextVar("request_id", default="-")
address: ContextVar[str | None] = ContextVar("request_address", default=None)


@dataclass(frozen=True)
class Acting:
    """That somebody acts in another person's name: the ids of both."""

    actor_id: uuid.UUID
    subject_id: uuid.UUID


acting: ContextVar[Acting | None] = ContextVar("acting", default=None)


def new_request_id() -> str:
    """Return a new id for a request."""
    return uuid.uuid4().hex


def client_address(request: HttpRequest) -> str | None:
    """Return the network address a request came from.

    `X-Forwarded-For` is believed only as far as TRUSTED_PROXIES says how many proxies of ours append to it, counted
    from the right; whatever a client wrote there itself stands further left (QUALITY X09).
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if settings.TRUSTED_PROXIES and forwarded:
        hops = [hop.strip() for hop in forwarded.split(",")]
        return _plain(hops[-min(settings.TRUSTED_PROXIES, len(hops))])
    return _plain(request.META.get("REMOTE_ADDR") or "")


def _plain(written: str) -> str | None:
    """Return an address in its one spelling, an IPv4 one inside IPv6 as itself; None for what is no address."""
    try:
        found = ipaddress.ip_address(written)
    except ValueError:
        return None
    return str(getattr(found, "ipv4_mapped", None) or found)


@contextmanager
def scope(*, new_id: str, from_address: str | None) -> Iterator[None]:
    """Let everything inside know this id and address, and that nobody acts for another yet."""
    id_token, address_token, acting_token = current.set(new_id), address.set(from_address), acting.set(None)
    try:
        yield
    finally:
        current.reset(id_token)
        address.reset(address_token)
        acting.reset(acting_token)


class Filter(logging.Filter):
    """Gives each log record the `request_id` of the request that it was made in."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Set `record.request_id`; keep every record. Django logs an answer when the request is over already."""
        record.request_id = getattr(getattr(record, "request", None), "request_id", None) or current.get()
        return True
