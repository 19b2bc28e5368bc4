"""API tokens: made, known again, and ended.

A secret is 256 random bits. Nobody finds that by trying, so its plain SHA-256 is safe
to keep: what makes a hash of a password slow would only make each request slow. It is
looked up by that hash, so that no comparison takes longer the nearer somebody comes.
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

from meter_readings.locks import is_written_at_once
from meter_readings.models import ApiToken

USUAL_DAYS, MOST_DAYS = 90, 366
# By how they look, programs find those that lie about where they should not.
_PREFIX, _RANDOM_BYTES = "d0010_", 32
_SECRET = re.compile(rf"{_PREFIX}[0-9a-f]{{{2 * _RANDOM_BYTES}}}")
_NOTED_AGAIN_AFTER = timedelta(hours=1)
_OPEN = {ApiToken.State.ACTIVE, ApiToken.State.EXPIRING}


class NameTaken(Exception):
    """The user has a token of this name that is not revoked."""


class TokenRefused(Exception):
    """A token opens nothing; `state` says why, None where there is no such token."""

    def __init__(self, state: ApiToken.State | None) -> None:
        super().__init__(state)
        self.state = state


def make_token(
    *, user: User, name: str, scope: ApiToken.Scope, days: int, now: datetime
) -> tuple[ApiToken, str]:
    """Return a new token of a user with its secret, which is kept nowhere.

    It ends after so many days, `MOST_DAYS` at most. Raises NameTaken.
    """
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"A token is good for 1 to {MOST_DAYS} days.")
    secret = _PREFIX + secrets.token_hex(_RANDOM_BYTES)
    token = ApiToken(
        user=user,
        name=name,
        scope=scope,
        sha256=_hash_of(secret),
        beginning=secret[: ApiToken.BEGINNING],
        created_at=now,
        expires_at=now + timedelta(days=days),
    )
    try:
        with transaction.atomic():
            token.save(force_insert=True)
    except IntegrityError as error:
        raise NameTaken from error
    return token, secret


def token_of(*, secret: str, now: datetime) -> ApiToken:
    """Return the token that somebody shows, with its user; raises TokenRefused."""
    # What cannot be one is not even looked for.
    token = None
    if _SECRET.fullmatch(secret):
        known = ApiToken.objects.select_related("user")
        token = known.filter(sha256=_hash_of(secret)).first()
    if token is None:
        raise TokenRefused(None)
    state = token.state_at(now)
    if state not in _OPEN:
        raise TokenRefused(state)
    return token


def note_use(*, token: ApiToken, now: datetime) -> None:
    """Put down that a token was used, once an hour, unless a load is going on."""
    since = now - _NOTED_AGAIN_AFTER
    if token.last_used_at and token.last_used_at > since:
        return
    # Of requests that come at once, one writes.
    is_due = Q(last_used_at__isnull=True) | Q(last_used_at__lte=since)
    rows = ApiToken.objects.filter(is_due, pk=token.pk)
    is_written_at_once(lambda: rows.update(last_used_at=now))


def revoke(*, tokens: Iterable[ApiToken], now: datetime) -> int:
    """End tokens at once and for good; return how many were not ended before."""
    numbers = [token.pk for token in tokens]
    rows = ApiToken.objects.filter(pk__in=numbers, revoked_at__isnull=True)
    return rows.update(revoked_at=now)


def tokens_of(user: User) -> QuerySet[ApiToken]:
    """Return the tokens that somebody sees: their own, a superuser all there are."""
    tokens = ApiToken.objects.select_related("user")
    return tokens if user.is_superuser else tokens.filter(user=user)


def _hash_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
