"""Rates that keep one client from wearing out the rest (QUALITY, "Settings in production")."""

import math
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, SimpleRateThrottle, UserRateThrottle

from lms.lib.error_views import too_many_requests
from lms.lib.request_id import client_address


class _ByAddress(SimpleRateThrottle):
    """Counts by the client's network address, which a forged `X-Forwarded-For` does not change (QUALITY X09).

    DRF reads a list of times, adds one and writes it back, so that requests which arrive together all find room. Here
    the cache counts up, which it does for one at a time: of a hundred at once exactly as many pass as there may be
    (QUALITY X13). The period begins on the clock, for everybody at once. A cache that is down lets everybody through:
    what guards passwords and codes is counted in the database (accounts.limits).
    """

    num_requests: int
    duration: int
    left_seconds: float = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        """Return whether there is room in this period. Two calls of the cache, mostly one."""
        key = self.get_cache_key(request, view)
        if self.rate is None or key is None:
            return True
        now = time.time()
        window = int(now // self.duration)
        self.left_seconds = (window + 1) * self.duration - now
        return counted(f"{key}.{window}", self.duration) <= self.num_requests

    def wait(self) -> float:
        """Return after how many seconds there is room again."""
        return float(math.ceil(self.left_seconds))

    def get_ident(self, request: Request) -> str:
        """Return the address that this request came from."""
        return client_address(request._request) or "unknown"


def counted(key: str, seconds: int) -> int:
    """Count one up under a key that lasts so long; return how many there were, this one included; 0 where the cache is
    down."""
    try:
        return cache.incr(key)
    except ValueError:
        cache.add(key, 0, seconds)
    try:
        return cache.incr(key)
    except ValueError:
        return 0


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
            if counter.allow_request(Request(request), None):
                return view(request, *args, **kwargs)
            return too_many_requests(request, retry_after=int(counter.wait() or 1) + 1)

        return wrapped

    return decorate
