"""What stands before every page: headers, limits, an answer when things are away."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from meter_readings import importer
from meter_readings.absences import CacheAway

logger = logging.getLogger(__name__)

type GetResponse = Callable[[HttpRequest], HttpResponse]

# What no page of this site uses, nor anything that got into one.
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

# Forms are small; only files that somebody sends are not.
_SMALL = 1 << 20
_RETRY_SECONDS = 30


class HeadersMiddleware:
    """Tell browsers that pages need neither camera nor place, and are not to be kept.

    What is kept all the same says so itself, as answers with an ETag do.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Add the headers."""
        response = self._get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault("Permissions-Policy", _PERMISSIONS_POLICY)
        return response


class DatabaseAwayMiddleware:
    """Say "later" instead of "broken" where the database, or Redis, is away."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer as usual; what goes wrong comes to `process_exception`."""
        return self._get_response(request)

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponse | None:
        """Answer 503 for a database that is away or busy, 507 for a full disk."""
        if isinstance(error, importer.StorageFull):
            logger.error("The storage is full.")
            return _refusal(
                HTTPStatus.INSUFFICIENT_STORAGE,
                "The storage is full. Tell whoever runs the server, and try again when "
                "there is room.",
            )
        if isinstance(error, CacheAway):
            # Nobody may guess at passwords uncounted.
            logger.error("%s.", error)
            return _later(
                "What this site's machines share cannot be reached at the moment."
            )
        if not isinstance(error, OperationalError | InterfaceError | importer.Busy):
            return None
        # The kind alone: an exception's words can hold what a row said.
        logger.error("The database cannot be used (%s).", type(error).__name__)
        return _later("The database cannot be reached at the moment.")


class BodyLimitMiddleware:
    """Refuse a large body before any of it is read.

    Whoever is not signed in sends forms, which are small. Doors of the API that take
    files (`takes_files`) find out who asks before they read. It stands before CSRF's
    protection, which reads the body.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer as usual; the view is known to `process_view`."""
        return self._get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], *rest: object
    ) -> HttpResponse | None:
        """Refuse what is too large, or says not how large it is."""
        if "HTTP_TRANSFER_ENCODING" in request.META:
            return _refusal(HTTPStatus.LENGTH_REQUIRED, "Say how long the body is.")
        length = request.META.get("CONTENT_LENGTH") or "0"
        size = int(length) if length.isascii() and length.isdecimal() else 0
        if size <= _SMALL or getattr(view, "tells_of_large_bodies", False):
            return None
        limit = settings.UPLOAD_MAX_MEGABYTES << 20
        is_known = _takes_files(view) or request.user.is_authenticated
        if is_known and size <= limit:
            return None
        return _refusal(
            HTTPStatus.CONTENT_TOO_LARGE,
            f"At most {(limit if is_known else _SMALL):,} bytes are taken here.",
        )


def _takes_files(view: Callable[..., Any]) -> bool:
    return getattr(getattr(view, "view_class", None), "takes_files", False)


def _later(text: str) -> HttpResponse:
    """Return what is away, and when to ask again."""
    return _refusal(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{text} Please try again soon.",
        {"Retry-After": str(_RETRY_SECONDS)},
    )


def _refusal(
    status: HTTPStatus, text: str, headers: dict[str, str] | None = None
) -> HttpResponse:
    """Return a short answer in plain text, kept by nobody on the way."""
    headers = {"Cache-Control": "no-store"} | (headers or {})
    return HttpResponse(
        f"{text}\n",
        status=status,
        headers=headers,
        content_type="text/plain; charset=utf-8",
    )
