"""Rates that keep one client from wearing out the rest (QUALITY, "Settings in production")."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, SimpleRateThrottle, UserRateThrottle

from lms.lib.error_views import too_many_requests
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


def throttled(rate: type[_ByAddress]) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Decorate a page view with a rate: beyond it the page is 429, and says when to come back. Page and API of the same
    rate count together."""

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            counter = rate()
            if counter.allow_request(Request(request), None):  # type: ignore[arg-type]  # our rates look at no view
                return view(request, *args, **kwargs)
            return too_many_requests(request, retry_after=int(counter.wait() or 1) + 1)

        return wrapped

    return decorate
