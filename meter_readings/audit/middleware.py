"""Middleware that makes the user of a request the actor of what it does."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.http import HttpRequest, HttpResponse

from .actors import acting_as, request_actor


class AuditMiddleware:
    """Names the actor of each request to the audit trail."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with acting_as(partial(request_actor, request)):
            return self._get_response(request)
