"""Throttles of the API and of pages (docs/operations.md, "Rates and limits")."""

import math
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, SimpleRateThrottle, UserRateThrottle

from core.http.errors.views import too_many_requests
from core.http.request_id import client_address


class _ByAddress(SimpleRateThrottle):
    """Count requests by network address, which a forged `X-Forwarded-For` does not change (quality row X09).

    DRF reads a list of times, appends one and writes it back, so that parallel requests all pass. Here the cache
    increments a counter atomically, and exactly the permitted number passes (quality row X13). Periods start on the
    clock, for all clients at once. While the cache is down all requests pass: limits that protect passwords and codes
    are counted in the database (accounts.limits).
    """

    num_requests: int
    duration: int
    left_seconds: float = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        """Return whether the request is within the rate. One cache call, two at the start of a period."""
        key = self.get_cache_key(request, view)
        if self.rate is None or key is None:
            return True
        now = time.time()
        window = int(now // self.duration)
        self.left_seconds = (window + 1) * self.duration - now
        return increment(f"{key}.{window}", self.duration) <= self.num_requests

    def wait(self) -> float:
        """Return the seconds until the next period."""
        return float(math.ceil(self.left_seconds))

    def get_ident(self, request: Request) -> str:
        """Return the client's address."""
        return client_address(request) or "unknown"


def increment(key: str, seconds: int) -> int:
    """Increment a counter that expires after `seconds`; return its value, or 0 while the cache is down."""
    try:
        return cache.incr(key) or 0  # None while the cache is down
    except ValueError:
        cache.add(key, 0, seconds)
    try:
        return cache.incr(key) or 0
    except ValueError:  # expired between the two calls
        return 0


class Anonymous(_ByAddress, AnonRateThrottle):
    """All requests of anonymous users, by address."""


class SignedIn(_ByAddress, UserRateThrottle):
    """All requests of one user."""


class Verify(_ByAddress):
    """Lookups of certificate numbers, by address (quality row K03)."""

    scope = "verify"

    def get_cache_key(self, request: Request, view: Any) -> str:
        return self.cache_format % {"scope": self.scope, "ident": self.get_ident(request)}


def throttled(rate: type[_ByAddress]) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Return a decorator that answers 429 with `Retry-After` beyond a rate.

    A page and an API view with the same rate share its counter.
    """

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            counter = rate()
            if counter.allow_request(Request(request), None):
                return view(request, *args, **kwargs)
            return too_many_requests(request, retry_after=int(counter.wait() or 1) + 1)

        return wrapped

    return decorate
