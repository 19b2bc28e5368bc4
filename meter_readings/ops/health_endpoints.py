"""Health endpoints: /healthz, /readyz and /metrics, answered as middleware.

They are answered before the rest of the site, for any host name and without HTTPS,
because a monitoring system often connects to the server directly, not by its public
name.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from http import HTTPStatus

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from .diagnostics import readiness_checks, readiness_notices
from .metrics import render_prometheus

logger = logging.getLogger(__name__)

_PREFIX = "Bearer "


class HealthEndpointsMiddleware:
    """Answers GET and HEAD for the three paths; passes other requests on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._endpoints = {
            "/healthz": _healthz,
            "/readyz": _readyz,
            "/metrics": _metrics,
        }

    def __call__(self, request: HttpRequest) -> HttpResponse:
        endpoint = self._endpoints.get(request.path_info)
        if endpoint is None:
            return self._get_response(request)
        if request.method not in ("GET", "HEAD"):
            response = HttpResponse(status=HTTPStatus.METHOD_NOT_ALLOWED)
            response.headers["Allow"] = "GET, HEAD"
        else:
            response = endpoint(request)
        response.headers["Cache-Control"] = "no-store"
        return response


def _healthz(request: HttpRequest) -> HttpResponse:
    """Answer that the process runs, without a query."""
    return HttpResponse("ok\n", content_type="text/plain")


def _readyz(request: HttpRequest) -> HttpResponse:
    """Answer 503 with the names of the failed checks if requests cannot be served.

    A notice is the name of a check whose failure concerns background jobs only.
    """
    missing = [result.name for result in readiness_checks() if result.is_failure]
    status = HTTPStatus.SERVICE_UNAVAILABLE if missing else HTTPStatus.OK
    notices = [result.name for result in readiness_notices()] if not missing else []
    data = {"ready": not missing, "missing": missing, "notices": notices}
    return JsonResponse(data, status=status)


def _metrics(request: HttpRequest) -> HttpResponse:
    """Answer with the metrics, which need METRICS_TOKEN; without a setting, 404."""
    if not settings.METRICS_TOKEN:
        return HttpResponse(status=HTTPStatus.NOT_FOUND)
    given = request.headers.get("Authorization", "")
    expected = _PREFIX + settings.METRICS_TOKEN
    if not hmac.compare_digest(given.encode(), expected.encode()):
        response = HttpResponse(status=HTTPStatus.UNAUTHORIZED)
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    try:
        text = render_prometheus(now=timezone.now())
    except (DatabaseError, InterfaceError) as error:
        logger.error("There are no metrics (%s).", type(error).__name__)
        return HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE)
    return HttpResponse(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)
