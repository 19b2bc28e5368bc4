"""What machines ask from outside: is it alive, is it ready, and how is it doing.

Answered before anything else of the site: by any host name, with or without HTTPS,
because whoever watches often stands beside the site and not in front of it.
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

from meter_readings import installation, metrics

logger = logging.getLogger(__name__)

_PREFIX = "Bearer "


class MonitoringMiddleware:
    """Answers /healthz, /readyz and /metrics; everything else goes its way."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response
        self._answers = {
            "/healthz": _healthz,
            "/readyz": _readyz,
            "/metrics": _metrics,
        }

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer what a machine asks."""
        answer = self._answers.get(request.path_info)
        if answer is None:
            return self._get_response(request)
        if request.method not in ("GET", "HEAD"):
            response = HttpResponse(status=HTTPStatus.METHOD_NOT_ALLOWED)
            response.headers["Allow"] = "GET, HEAD"
        else:
            response = answer(request)
        response.headers["Cache-Control"] = "no-store"
        return response


def _healthz(request: HttpRequest) -> HttpResponse:
    """Say that this process answers; nothing else is looked at."""
    return HttpResponse("ok\n", content_type="text/plain")


def _readyz(request: HttpRequest) -> HttpResponse:
    """Say whether requests can be served, and if not what is missing, by name."""
    missing = [found.name for found in installation.readiness() if found.is_failure]
    status = HTTPStatus.SERVICE_UNAVAILABLE if missing else HTTPStatus.OK
    return JsonResponse({"ready": not missing, "missing": missing}, status=status)


def _metrics(request: HttpRequest) -> HttpResponse:
    """Show the figures to those who have the token; without one there are none."""
    if not settings.METRICS_TOKEN:
        return HttpResponse(status=HTTPStatus.NOT_FOUND)
    given = request.headers.get("Authorization", "")
    expected = _PREFIX + settings.METRICS_TOKEN
    if not hmac.compare_digest(given.encode(), expected.encode()):
        response = HttpResponse(status=HTTPStatus.UNAUTHORIZED)
        response.headers["WWW-Authenticate"] = "Bearer"
        return response
    try:
        figures = metrics.text(now=timezone.now())
    except (DatabaseError, InterfaceError) as error:
        logger.error("There are no metrics (%s).", type(error).__name__)
        return HttpResponse(status=HTTPStatus.SERVICE_UNAVAILABLE)
    return HttpResponse(figures, content_type="text/plain; version=0.0.4")
