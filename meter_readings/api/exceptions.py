"""Exceptions and their responses: problem details for HTTP APIs (RFC 9457).

An error response repeats nothing that was sent and contains no path, query or
traceback of the site.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from django.http import Http404, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from rest_framework import exceptions
from rest_framework.request import Request

from meter_readings import importer

from .throttling import AnonymousRateThrottle

logger = logging.getLogger(__name__)

PROBLEM_TYPE = "application/problem+json"

# The detail of each status, unless a Problem has its own.
DEFAULT_DETAILS = {
    400: "The request is invalid; `errors` may say why.",
    401: "Authentication is required: send a token, or sign in.",
    403: "You do not have permission to do this.",
    404: "Not found.",
    405: "Method not allowed; the header Allow lists the methods of this URL.",
    406: "None of the formats in the header Accept is available here.",
    409: "The request conflicts with stored data.",
    411: "The length of the body is required: send Content-Length.",
    413: "The request is too large.",
    415: "The content type or content encoding is not supported here.",
    422: "The file was not accepted; `errors` say why.",
    429: "Too many requests. Wait as many seconds as Retry-After says.",
    500: "Internal server error. Report the request id to the operators of the site.",
    503: "The database is unavailable. Try again later.",
    507: "The storage is full. Nothing was stored; try again later.",
}
type Errors = Iterable["FieldError | LineError"]


class FieldError(NamedTuple):
    """An error in one part of a request."""

    field: str
    code: str
    message: str


class LineError(NamedTuple):
    """An error in one line of a file; `line_number` is None for the whole file."""

    line_number: int | None
    group: str
    field: str
    code: str
    message: str
    expected: str


class Problem(exceptions.APIException):
    """Base of exceptions whose detail is written for clients.

    `wait` is the number of seconds for Retry-After.
    """

    wait: float | None = None


class StorageNotWritable(Problem):
    """The folder of received files cannot be written."""

    status_code = 503
    wait = 30
    default_detail = (
        "The folder of received files cannot be written. Nothing was stored. Tell the "
        "operators of the site, and send it again when they have made it writable."
    )


def problem_type(status: int) -> str:
    """Return the URI of a kind of problem: its section of documentation/API_ERRORS.md.

    It is relative to the site.
    """
    slug = HTTPStatus(status).phrase.lower().replace(" ", "-")
    return f"/documentation/API_ERRORS/#section-{slug}"


def problem_response(
    request: HttpRequest | Request,
    *,
    status: int,
    detail: str = "",
    errors: Errors = (),
    headers: Mapping[str, str] | None = None,
    extensions: Mapping[str, Any] | None = None,
) -> JsonResponse:
    """Return an error response; `extensions` are members of this kind of problem."""
    request_id = getattr(request, "request_id", "")
    known = status if status in DEFAULT_DETAILS else 500 if status >= 500 else 400
    body: dict[str, Any] = {
        "type": problem_type(known),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail or DEFAULT_DETAILS[known],
        "instance": f"urn:uuid:{request_id}",
        "request_id": request_id,
        "errors": [error._asdict() for error in errors],
        **(extensions or {}),
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
    """Return the response for an exception, or None for one that Django handles."""
    request = context["request"]
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    if isinstance(error, importer.StorageNotWritable):
        logger.error("The storage cannot be written (%s).", error)
        error = StorageNotWritable()
    match error:
        case exceptions.ValidationError():
            return problem_response(
                request,
                status=error.status_code,
                errors=_field_errors(error.get_full_details()),
            )
        case exceptions.APIException():
            error = _throttle_anonymous(error, context)
            detail = str(error.detail) if isinstance(error, Problem) else ""
            return problem_response(
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


def _field_errors(details: Any) -> list[FieldError]:
    return [
        FieldError(name, error["code"], error["message"])
        for name, errors in details.items()
        for error in errors
    ]
