"""Audit events, log lines and a counter of sign-ins, from Django's signals.

A failed sign-in is recorded with the name of an account that exists and with no other
name, because people type passwords into the wrong field. A blocked one is logged only:
it must not fill the database.
"""

from __future__ import annotations

import logging
from typing import Any

from django.contrib.auth.models import User
from django.http import HttpRequest
from prometheus_client import Counter

from meter_readings import audit
from meter_readings.models import AuditEvent

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
    _record(AuditEvent.Action.SIGN_IN, user, request, actor=user)


def log_failed_sign_in(
    *, credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    """Receive the signal `user_login_failed`."""
    SIGN_INS.labels(_FAILED).inc()
    user = _known_user(str(credentials.get("username", "")))
    name = user.get_username() if user else ""
    logger.warning("Sign-in failed.", extra=_fields(name, request))
    _record(AuditEvent.Action.SIGN_IN_FAILED, user, request)


def log_blocked_sign_in(*, username: str, request: HttpRequest | None) -> None:
    SIGN_INS.labels(_BLOCKED).inc()
    user = _known_user(username)
    fields = _fields(user.get_username() if user else "", request)
    logger.warning("Too many attempts to sign in.", extra=fields)


def log_sign_out(*, user: User | None, request: HttpRequest | None, **_: Any) -> None:
    """Receive the signal `user_logged_out`; the user is None without a session."""
    if user is not None:
        logger.info("Sign-out.", extra=_fields(user.get_username(), request))
        _record(AuditEvent.Action.SIGN_OUT, user, request, actor=user)


def _record(
    action: AuditEvent.Action,
    user: User | None,
    request: HttpRequest | None,
    *,
    actor: User | None = None,
) -> None:
    """Record the event; nobody has signed in who could be the actor of a failed one."""
    ip = client_ip(request) if request else ""
    details = {"client_ip": ip} if ip else {}
    audit.record_access(action, user or User, details=details, user=actor)


def _known_user(username: str) -> User | None:
    return User.objects.filter(username=username).first()


def _fields(username: str, request: HttpRequest | None) -> dict[str, Any]:
    ip = client_ip(request) if request else ""
    return {"fields": {"user": username, "client_ip": ip}}
