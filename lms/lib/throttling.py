"""Rates that keep one client from wearing out the rest (QUALITY, "Settings in production")."""

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, SimpleRateThrottle, UserRateThrottle

from lms.lib.request_id import client_address


class _ByAddress(SimpleRateThrottle):
    """Counts by the client's network address, which a forged `X-Forwarded-For` does not change (QUALITY X09)."""

    def get_ident(self, request: Request) -> str:
        """Return the address that this request came from."""
        return client_address(request._request) or "unknown"


class Anonymous(_ByAddress, AnonRateThrottle):
    """All requests of people who are not signed in, by address."""


class SignedIn(_ByAddress, UserRateThrottle):
    """All requests of one user."""


class Verify(_ByAddress):
    """Look-ups of certificate numbers, by address: nobody guesses a thousand (QUALITY K03)."""

    scope = "verify"

    def get_cache_key(self, request: Request, view: Any) -> str:
        """Return the counter of this address."""
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}
