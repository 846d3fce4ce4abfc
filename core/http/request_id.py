"""The current request's id, address and impersonation, for log lines and audit entries."""

import ipaddress
import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

logger = logging.getLogger(__name__)

current: ContextVar[str] = ContextVar("request_id", default="-")
address: ContextVar[str | None] = ContextVar("request_address", default=None)


@dataclass(frozen=True)
class Acting:
    """The ids of an impersonating staff member and of the impersonated user."""

    actor_id: uuid.UUID
    subject_id: uuid.UUID


acting: ContextVar[Acting | None] = ContextVar("acting", default=None)


def new_request_id() -> str:
    """Return a new id for a request."""
    return uuid.uuid4().hex


def client_address(request: HttpRequest | Request) -> str | None:
    """Return the network address of a request's client, or None.

    Of `X-Forwarded-For`, only the part that TRUSTED_PROXIES proxies appended is used, counted from the right. What the
    client sent itself is further left (quality row X09). A warning is logged once if the number seems too low.
    """
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "")
    if not (settings.TRUSTED_PROXIES and forwarded):
        return _normalized(request.META.get("REMOTE_ADDR") or "")
    hops = [hop.strip() for hop in forwarded.split(",")]
    found = _normalized(hops[-min(settings.TRUSTED_PROXIES, len(hops))])
    if found and len(hops) > settings.TRUSTED_PROXIES and ipaddress.ip_address(found).is_private:
        warn_of_another_proxy()
    return found


@cache
def warn_of_another_proxy() -> None:
    """Log that the client's address is that of a proxy, once per process (quality row V11)."""
    logger.warning(
        "Visitors share the address of a proxy, and with it rate limits and lockouts: raise TRUSTED_PROXIES, now %s.",
        settings.TRUSTED_PROXIES,
    )


def _normalized(text: str) -> str | None:
    """Return an address in its canonical spelling, an IPv4-mapped one as IPv4; None for any other text."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return str(getattr(found, "ipv4_mapped", None) or found)


@contextmanager
def scope(*, new_id: str, from_address: str | None) -> Iterator[None]:
    """Set the id and address for the block, without impersonation."""
    id_token, address_token, acting_token = current.set(new_id), address.set(from_address), acting.set(None)
    try:
        yield
    finally:
        current.reset(id_token)
        address.reset(address_token)
        acting.reset(acting_token)


class Filter(logging.Filter):
    """Add `request_id` to each log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Set `record.request_id`, from the request if there is one: Django logs after its context has ended."""
        record.request_id = getattr(getattr(record, "request", None), "request_id", None) or current.get()
        return True
