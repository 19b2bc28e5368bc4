"""Metrics of the web processes, which count requests and sign-ins.

gunicorn's processes write theirs to files in PROMETHEUS_MULTIPROC_DIR, which
deployment_scripts/gunicorn.conf.py sets; a scrape adds them up, with those of processes
that have ended. They start at zero with the site.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from prometheus_client import (
    REGISTRY,
    CollectorRegistry,
    Histogram,
    disable_created_metrics,
)
from prometheus_client.multiprocess import MultiProcessCollector

disable_created_metrics()  # type: ignore[no-untyped-call]

_METHODS = {"GET", "HEAD", "OPTIONS", "POST"}

HTTP_REQUEST_DURATION = Histogram(
    "d0010_http_request_duration_seconds",
    "Time until the response begins, by method, name of the route and status.",
    ["method", "route", "status"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


def process_registry() -> CollectorRegistry:
    """Return the metrics of all web processes, or of this one if it is alone."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


class HttpMetricsMiddleware:
    """Measures each request.

    The route is the name of the URL pattern, never the path, which can contain an MPAN.
    It is "none" for static files, unknown addresses and what middleware answers.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        response = self._get_response(request)
        match = request.resolver_match
        method = str(request.method)
        HTTP_REQUEST_DURATION.labels(
            method=method if method in _METHODS else "other",
            route=match.view_name if match else "none",
            status=response.status_code,
        ).observe(time.perf_counter() - start)
        return response
