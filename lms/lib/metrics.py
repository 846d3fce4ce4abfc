"""What the site measures of itself, for Prometheus. With several processes, PROMETHEUS_MULTIPROC_DIR adds them up."""

import os
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from prometheus_client import REGISTRY, CollectorRegistry, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

REQUESTS = Histogram(
    "campus_request_seconds",
    "How long requests took, by method, route and kind of answer.",
    ["method", "route", "status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
# A method that nobody invented must not make a series of its own.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

GetResponse = Callable[[HttpRequest], HttpResponse]


def measured(get_response: GetResponse) -> GetResponse:
    """Measure each request under the route that served it: routes are few, addresses are not."""

    def middleware(request: HttpRequest) -> HttpResponse:
        begun = time.perf_counter()
        response = get_response(request)
        route = request.resolver_match.route if request.resolver_match else "(none)"
        method = request.method if request.method in METHODS else "(other)"
        status = f"{response.status_code // 100}xx"
        REQUESTS.labels(method, route, status).observe(time.perf_counter() - begun)
        return response

    return middleware


def registry() -> CollectorRegistry:
    """Return what is to be shown: this process's figures, or those of all processes that share a folder."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    shared = CollectorRegistry()
    MultiProcessCollector(shared)
    return shared
