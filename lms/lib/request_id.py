"""Which request this is, and where it came from: known to every log line and audit entry without being passed along."""

import logging
import uuid
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest

current: ContextVar[str] = ContextVar("request_id", default="-")
address: ContextVar[str | None] = ContextVar("request_address", default=None)


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
        return hops[-min(settings.TRUSTED_PROXIES, len(hops))]
    remote: str | None = request.META.get("REMOTE_ADDR")
    return remote or None


class Filter(logging.Filter):
    """Gives each log record the `request_id` of the request that it was made in."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Set `record.request_id`; keep every record."""
        record.request_id = current.get()
        return True
