"""Give every request a number that its answer, its refusal and its log lines bear."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"

_current: ContextVar[str] = ContextVar("request_id", default="")


class RequestIdMiddleware:
    """Number the request; what a client calls it is not taken over."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, with the number in a header."""
        request_id = str(uuid.uuid4())
        request.request_id = request_id  # type: ignore[attr-defined]
        token = _current.set(request_id)
        try:
            response = self._get_response(request)
        finally:
            _current.reset(token)
        response.headers[HEADER] = request_id
        return response


class RequestIdFilter(logging.Filter):
    """Put the number of the request into each log line that is written during it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Set `request_id`, with a space before it, or nothing outside requests."""
        # Django tells of a refusal when the request is over, and brings it along.
        request = getattr(record, "request", None)
        request_id = getattr(request, "request_id", "") or _current.get()
        record.request_id = f" {request_id}" if request_id else ""
        return True
