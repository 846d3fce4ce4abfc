"""Metrics for Prometheus. PROMETHEUS_MULTIPROC_DIR adds up the metrics of several processes."""

import os
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from prometheus_client import REGISTRY, CollectorRegistry, Histogram
from prometheus_client.multiprocess import MultiProcessCollector

REQUESTS = Histogram(
    "campus_request_seconds",
    "Duration of requests by method, route and class of status.",
    ["method", "route", "status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
# An invented method must not create a time series.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

GetResponse = Callable[[HttpRequest], HttpResponse]


def measure_requests(get_response: GetResponse) -> GetResponse:
    """Measure each request under its route, since paths with ids would create a time series each."""

    def middleware(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        response = get_response(request)
        route = request.resolver_match.route if request.resolver_match else "(none)"
        method = request.method if request.method in METHODS else "(other)"
        status = f"{response.status_code // 100}xx"
        REQUESTS.labels(method, route, status).observe(time.perf_counter() - started)
        return response

    return middleware


def registry() -> CollectorRegistry:
    """Return the metrics of this process, or of all processes that share PROMETHEUS_MULTIPROC_DIR."""
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return REGISTRY
    shared = CollectorRegistry()
    MultiProcessCollector(shared)
    return shared
