"""Log lines of refused requests and of exports: who, from where, how long.

The route is the name of the URL pattern; paths and queries can contain MPANs.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse

from meter_readings.accounts.api_tokens import token_prefix
from meter_readings.accounts.client_ip import client_ip

logger = logging.getLogger(__name__)

_REFUSED = {
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.LENGTH_REQUIRED,
    HTTPStatus.CONTENT_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INSUFFICIENT_STORAGE,
}


class RequestLogMiddleware:
    """Logs a refused request, and one that is answered with a file to save."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        start = time.perf_counter()
        response = self._get_response(request)
        if response.status_code in _REFUSED:
            message = "Request refused."
        elif response.headers.get("Content-Disposition", "").startswith("attachment"):
            message = "Export."
        else:
            return response
        seconds = round(time.perf_counter() - start, 3)
        fields = _fields(request, response) | {"seconds": seconds}
        logger.info(message, extra={"fields": fields})
        return response


def _fields(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    match = request.resolver_match
    # Middleware that answers first leaves a request without a user.
    user = getattr(request, "user", None)
    return {
        "method": request.method,
        "route": match.view_name if match else "none",
        "status": response.status_code,
        "user": user.get_username() if user else "",
        "token": token_prefix(request.headers.get("Authorization", "")),
        "client_ip": client_ip(request),
        "reason": _reason(response),
    }


def _reason(response: HttpResponse) -> str:
    """Return the detail of a problem, which repeats nothing that was sent."""
    if response.headers["Content-Type"] != "application/problem+json":
        return ""
    return str(json.loads(response.content)["detail"])
