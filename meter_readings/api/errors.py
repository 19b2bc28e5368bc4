"""Refusals as RFC 9457 tells them: `application/problem+json`, each with its number.

Nothing that was sent is repeated, and nothing is told of how the site is made: no
path, no query, no traceback.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from rest_framework import exceptions
from rest_framework.request import Request

from .throttling import AnonymousRateThrottle

PROBLEM_TYPE = "application/problem+json"
ADDRESSES = "/api/"

# What there is to say of each status, unless a problem of ours says more.
DETAILS = {
    400: "The request makes no sense; errors, where there are any, say why.",
    401: "Show a token, or sign in.",
    403: "You may not do this.",
    404: "There is nothing at this address, or no longer.",
    405: "This address does not take this method; the header Allow has those it takes.",
    406: "None of the formats you accept is offered here.",
    409: "What is held already, or is going on, is in the way.",
    411: "Say how long the body is: send Content-Length.",
    413: "The request is too large.",
    415: "The request has a content type, or encoding, that is not taken here.",
    422: "The file cannot be taken; errors say why.",
    429: "Too many requests. Wait as many seconds as Retry-After says.",
    500: "The site has made a mistake. Tell its operators the request id.",
    503: "The database does not answer in time. Try again later.",
    507: "The storage is full. Nothing was kept; try again when there is room.",
}
# Headers that a refusal keeps.
_TOLD = ("Allow", "Retry-After", "Vary")

type Details = Iterable["Complaint | LineComplaint"]


class Complaint(NamedTuple):
    """What is wrong with one part of a request."""

    field: str
    code: str
    message: str


class LineComplaint(NamedTuple):
    """What is wrong with one line of a file, or with all of it (`line` is None)."""

    line: int | None
    group: str
    field: str
    code: str
    message: str
    expected: str


class Problem(exceptions.APIException):
    """Base of problems of our own, whose words may be shown as they are.

    `wait` is in how many seconds it may be over.
    """

    wait: float | None = None


def problem(
    request: HttpRequest | Request,
    *,
    status: int,
    detail: str = "",
    errors: Details = (),
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> JsonResponse:
    """Return a refusal; `more` is what only this kind of problem has."""
    request_id = getattr(request, "request_id", "")
    known = status if status in DETAILS else 500 if status >= 500 else 400
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or DETAILS[known],
        "instance": f"urn:uuid:{request_id}",
        "request_id": request_id,
        "errors": [complaint._asdict() for complaint in errors],
        **(more or {}),
    }
    return JsonResponse(
        body,
        status=status,
        headers={"Cache-Control": "no-store", **(headers or {})},
        content_type=PROBLEM_TYPE,
    )


def exception_handler(
    error: Exception, context: Mapping[str, Any]
) -> HttpResponseBase | None:
    """Return the refusal that an exception is, or None for one that is Django's."""
    request = context["request"]
    match error:
        case exceptions.ValidationError():
            return problem(
                request,
                status=error.status_code,
                errors=_complaints(error.get_full_details()),
            )
        case exceptions.APIException():
            error = _throttle_anonymous(error, context)
            detail = str(error.detail) if isinstance(error, Problem) else ""
            return problem(
                request,
                status=error.status_code,
                detail=detail,
                headers=_headers(error),
            )
    return None


def _throttle_anonymous(
    error: exceptions.APIException, context: Mapping[str, Any]
) -> exceptions.APIException:
    """Return the error, or 429 instead of 401 for a client above the anonymous rate."""
    if error.status_code == HTTPStatus.UNAUTHORIZED:
        throttle = AnonymousRateThrottle()
        if not throttle.allow_request(context["request"], context["view"]):
            return exceptions.Throttled(throttle.wait())
    return error


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(math.ceil(wait))
    return headers


def _complaints(details: Any) -> list[Complaint]:
    return [
        Complaint(name, each["code"], each["message"])
        for name, all_of_one in details.items()
        for each in all_of_one
    ]


class ProblemMiddleware:
    """Make every refusal under /api/ a problem, whoever refused.

    It stands outermost, and asks for HTTPS itself: a program that was moved on to it
    without a word would go on sending its secrets in the clear.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and let no page of words for people through."""
        if not request.path_info.startswith(ADDRESSES):
            return self._get_response(request)
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            return problem(request, status=403, detail="Use HTTPS.")
        response = self._get_response(request)
        kept = (PROBLEM_TYPE,)
        if response.status_code < 400 or response["Content-Type"] in kept:
            return response
        told = {name: response[name] for name in _TOLD if name in response}
        return problem(request, status=response.status_code, headers=told)
