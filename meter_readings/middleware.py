"""Middleware: security headers, body size limit, outages, errors of the API."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from meter_readings import importer
from meter_readings.api.exceptions import PROBLEM_TYPE, problem_response
from meter_readings.ops.exceptions import cache_exceptions

logger = logging.getLogger(__name__)

type GetResponse = Callable[[HttpRequest], HttpResponse]

# No page of this site uses these features, and injected code must not either.
_PERMISSIONS_POLICY = ", ".join(
    f"{feature}=()"
    for feature in (
        "accelerometer",
        "browsing-topics",
        "camera",
        "display-capture",
        "geolocation",
        "gyroscope",
        "magnetometer",
        "microphone",
        "midi",
        "payment",
        "usb",
    )
)

# Headers of Django's error responses that a problem keeps.
_PASSED_HEADERS = ("Allow", "Retry-After", "Vary")
_API_PREFIX = "/api/"

# Every form without a file is smaller.
_MAX_FORM_BYTES = 1 << 20
_RETRY_AFTER_SECONDS = 30


class ProblemMiddleware:
    """Turns every error response under /api/ into a problem.

    It is the outermost middleware and requires HTTPS itself: a client that was
    redirected would go on sending its token in clear text.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(_API_PREFIX):
            return self._get_response(request)
        if settings.SECURE_SSL_REDIRECT and not request.is_secure():
            return problem_response(request, status=403, detail="Use HTTPS.")
        # Django would redirect a POST, and clients would follow it with a GET.
        if request.method not in ("GET", "HEAD") and request.path_info[-1] != "/":
            request.path_info += "/"
            request.path += "/"
        response = self._get_response(request)
        if response.status_code < 400 or response["Content-Type"] == PROBLEM_TYPE:
            return response
        passed = {name: response[name] for name in _PASSED_HEADERS if name in response}
        return problem_response(request, status=response.status_code, headers=passed)


class SecurityHeadersMiddleware:
    """Adds Permissions-Policy, and forbids caching unless the view allows it."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Permissions-Policy", _PERMISSIONS_POLICY)
        return response


class ServiceUnavailableMiddleware:
    """Answers 503 or 507 instead of 500 in an outage of the database, Redis or disk."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponse | None:
        """Answer 507 for a full disk, and 503 for another outage.

        A view's other exceptions are left to Django.
        """
        if isinstance(error, importer.StorageFull):
            logger.error("The storage is full.")
            return _plain_response(
                HTTPStatus.INSUFFICIENT_STORAGE,
                "The storage is full. Tell the operator of this site, and try again "
                "when there is free space.",
            )
        if isinstance(error, importer.StorageNotWritable):
            logger.error("The storage cannot be written (%s).", error)
            return _service_unavailable(
                "The folder of received files cannot be written. Tell the operator of "
                "this site."
            )
        if isinstance(error, cache_exceptions()):  # redis only
            # API requests cannot be counted.
            logger.error("Redis cannot be used (%s).", type(error).__name__)
            return _service_unavailable("The cache cannot be reached at the moment.")
        if not isinstance(
            error, OperationalError | InterfaceError | importer.ImportLockTimeout
        ):
            return None
        # Only the class is logged: the message can contain values of a row.
        logger.error("The database cannot be used (%s).", type(error).__name__)
        return _service_unavailable("The database cannot be reached at the moment.")


class MaxBodySizeMiddleware:
    """Refuses a large request body before any of it is read.

    Anonymous users may send small forms only. API views with `accepts_uploads`
    authenticate before they read the body. This middleware comes before Django's CSRF
    middleware, which reads the body. A view with `handles_large_bodies` answers for
    itself.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], *rest: object
    ) -> HttpResponse | None:
        """Answer 413 for a body that is too large, 411 for one of unknown length."""
        if "HTTP_TRANSFER_ENCODING" in request.META:
            return _plain_response(
                HTTPStatus.LENGTH_REQUIRED, "Send a Content-Length header."
            )
        length = request.META.get("CONTENT_LENGTH") or "0"
        size = int(length) if length.isascii() and length.isdecimal() else 0
        if size <= _MAX_FORM_BYTES or getattr(view, "handles_large_bodies", False):
            return None
        limit = settings.UPLOAD_MAX_MEGABYTES << 20
        may_upload = _accepts_uploads(view) or request.user.is_authenticated
        if may_upload and size <= limit:
            return None
        allowed = limit if may_upload else _MAX_FORM_BYTES
        return _plain_response(
            HTTPStatus.CONTENT_TOO_LARGE,
            f"A request body of at most {allowed:,} bytes is allowed here.",
        )


def _accepts_uploads(view: Callable[..., Any]) -> bool:
    # Django REST framework sets `cls` and `actions` on the view of a viewset.
    has_post = "post" in getattr(view, "actions", ())
    view_class = getattr(view, "cls", None)
    return has_post and getattr(view_class, "accepts_uploads", False)


def _service_unavailable(text: str) -> HttpResponse:
    return _plain_response(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{text} Please try again soon.",
        {"Retry-After": str(_RETRY_AFTER_SECONDS)},
    )


def _plain_response(
    status: HTTPStatus, text: str, headers: dict[str, str] | None = None
) -> HttpResponse:
    """Return a short answer in plain text that no cache stores."""
    headers = {"Cache-Control": "no-store"} | (headers or {})
    return HttpResponse(
        f"{text}\n",
        status=status,
        headers=headers,
        content_type="text/plain; charset=utf-8",
    )
