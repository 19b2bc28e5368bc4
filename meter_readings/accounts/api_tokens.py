"""API tokens: creation, authentication, last use and revocation.

A secret is 256 random bits, which cannot be guessed, so its plain SHA-256 is stored: a
slow password hash would only slow every request. Looking a token up by the hash takes
the same time however much of a guess is right.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from meter_readings import audit
from meter_readings.models import ApiToken, AuditEvent

from meter_readings.write_lock import write_unless_locked

DEFAULT_DAYS, MAX_DAYS = 90, 366
# Secret scanners recognise a token by this prefix.
_PREFIX, _RANDOM_BYTES = "d0010_", 32
_SECRET = re.compile(rf"{_PREFIX}[0-9a-f]{{{2 * _RANDOM_BYTES}}}")
_LAST_USED_INTERVAL = timedelta(hours=1)
_ACCEPTED_STATES = {ApiToken.State.ACTIVE, ApiToken.State.EXPIRING}


class NameTaken(Exception):
    """The user has a token of this name that is not revoked."""


class InvalidToken(Exception):
    """The token is not accepted. `state` is None where there is no such token."""

    def __init__(self, state: ApiToken.State | None) -> None:
        super().__init__(state)
        self.state = state


def create_token(
    *, user: User, name: str, scope: ApiToken.Scope, days: int, now: datetime
) -> tuple[ApiToken, str]:
    """Return a new token and its secret; raises NameTaken.

    The token expires after `days`, 1 to MAX_DAYS.
    """
    token = ApiToken(user=user, name=name, scope=scope)
    return token, issue_token(token, days=days, now=now)


def issue_token(token: ApiToken, *, days: int, now: datetime) -> str:
    """Save a token that has a user, a name and a scope; return its secret.

    The secret is stored nowhere. Raises NameTaken.
    """
    if not 1 <= days <= MAX_DAYS:
        raise ValueError(f"A token is valid for 1 to {MAX_DAYS} days.")
    secret = _PREFIX + secrets.token_hex(_RANDOM_BYTES)
    token.sha256 = _sha256(secret)
    token.prefix = secret[: ApiToken.PREFIX_LENGTH]
    token.created_at = now
    token.expires_at = now + timedelta(days=days)
    try:
        with transaction.atomic():
            token.save(force_insert=True)
            audit.record(AuditEvent.Action.CREATE_TOKEN, token, details=_details(token))
    except IntegrityError as error:
        raise NameTaken from error
    return secret


def authenticate_token(*, secret: str, now: datetime) -> ApiToken:
    """Return the token of a secret, with its user; raises InvalidToken."""
    token = None
    # Text that cannot be a secret costs no query.
    if _SECRET.fullmatch(secret):
        tokens = ApiToken.objects.select_related("user")
        token = tokens.filter(sha256=_sha256(secret)).first()
    if token is None:
        raise InvalidToken(None)
    state = token.state_at(now)
    if state not in _ACCEPTED_STATES:
        raise InvalidToken(state)
    return token


def token_prefix(text: str) -> str:
    """Return the prefix of the token that a text contains, or "".

    Lists of tokens show it, and nobody can guess the rest.
    """
    found = _SECRET.search(text)
    return found[0][: ApiToken.PREFIX_LENGTH] if found else ""


def touch_last_used(*, token: ApiToken, now: datetime) -> None:
    """Record the use of a token, once an hour at most; not while SQLite is locked."""
    due_before = now - _LAST_USED_INTERVAL
    if token.last_used_at and token.last_used_at > due_before:
        return
    # Of several requests at the same time, one writes.
    is_due = Q(last_used_at__isnull=True) | Q(last_used_at__lte=due_before)
    rows = ApiToken.objects.filter(is_due, pk=token.pk)
    write_unless_locked(lambda: rows.update(last_used_at=now))


def revoke_tokens(*, tokens: Iterable[ApiToken], now: datetime) -> int:
    """Revoke tokens for good; return how many were not revoked before."""
    keys = [token.pk for token in tokens]
    rows = ApiToken.objects.filter(pk__in=keys, revoked_at__isnull=True)
    with transaction.atomic():
        revoked = list(rows.select_related("user").select_for_update(of=("self",)))
        rows.update(revoked_at=now)
        for token in revoked:
            audit.record(AuditEvent.Action.REVOKE_TOKEN, token, details=_details(token))
    return len(revoked)


def _details(token: ApiToken) -> dict[str, str]:
    """Return what the audit trail says of a token; its secret is not stored."""
    return {
        "user": token.user.get_username(),
        "prefix": token.prefix,
        "scope": token.scope,
    }


def visible_tokens(user: User) -> QuerySet[ApiToken]:
    """Return the tokens that a user may see: their own, or all for a superuser."""
    tokens = ApiToken.objects.select_related("user")
    return tokens if user.is_superuser else tokens.filter(user=user)


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
