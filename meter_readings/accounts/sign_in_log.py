"""Log lines and a counter of sign-ins, from Django's signals.

A failed sign-in is logged with the name of an account that exists and with no other
name, because people type passwords into the wrong field.
"""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest
from prometheus_client import Counter

from .client_ip import client_ip

logger = logging.getLogger(__name__)

_SUCCEEDED, _FAILED, _BLOCKED = "succeeded", "failed", "blocked"
SIGN_INS = Counter("d0010_sign_ins", "Sign-ins, by result.", ["result"])
for _result in (_SUCCEEDED, _FAILED, _BLOCKED):
    # A series that begins at zero shows its first increase.
    SIGN_INS.labels(_result)


def log_sign_in(*, user: User, request: HttpRequest | None, **_: Any) -> None:
    """Receive the signal `user_logged_in`."""
    SIGN_INS.labels(_SUCCEEDED).inc()
    logger.info("Sign-in succeeded.", extra=_fields(user.get_username(), request))


def log_failed_sign_in(
    *, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    """Receive the signal `user_login_failed`."""
    SIGN_INS.labels(_FAILED).inc()
    name = _known_username(str(credentials.get("username", "")))
    logger.warning("Sign-in failed.", extra=_fields(name, request))


def log_blocked_sign_in(*, username: str, request: HttpRequest | None) -> None:
    SIGN_INS.labels(_BLOCKED).inc()
    fields = _fields(_known_username(username), request)
    logger.warning("Too many attempts to sign in.", extra=fields)


def log_sign_out(*, user: User | None, request: HttpRequest | None, **_: Any) -> None:
    """Receive the signal `user_logged_out`; the user is None without a session."""
    if user is not None:
        logger.info("Sign-out.", extra=_fields(user.get_username(), request))


def _known_username(username: str) -> str:
    """Return the name if there is such a user, else ""."""
    is_known = User.objects.filter(username=username).exists()
    return username if is_known else ""


def _fields(username: str, request: HttpRequest | None) -> dict[str, Any]:
    ip = client_ip(request) if request else ""
    return {"fields": {"user": username, "client_ip": ip}}
