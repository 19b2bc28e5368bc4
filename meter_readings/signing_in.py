"""Signing in: not by guessing, not with a published password, never behind a load.

Attempts are counted in the cache "sign_ins" for a quarter of an hour: by account and
address together, by address, and by account. The count is taken before the password is
looked at, and given back when it was right. An account that strangers try to guess
stays open to its owner: where somebody has signed in before, the last count is not
looked at.
"""

from __future__ import annotations

import logging
import time
import unicodedata
from contextlib import suppress
from typing import Any, NamedTuple

from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.models import User, update_last_login
from django.core.cache import caches
from django.core.exceptions import ValidationError
from django.utils.crypto import salted_hmac

from meter_readings.accounts.client_ip import client_ip
from meter_readings.demo import DEMO_PASSWORD
from meter_readings.accounts.db import write_unless_locked

logger = logging.getLogger(__name__)

_WINDOW_SECONDS = 15 * 60
_REMEMBERED_SECONDS = 30 * 24 * 60 * 60
_PER_ACCOUNT_AND_ADDRESS, _PER_ADDRESS, _PER_ACCOUNT = 5, 50, 100


class Counter(NamedTuple):
    """A count of attempts by its name in the cache, and how many there may be."""

    name: str
    limit: int


class SignInForm(AdminAuthenticationForm):
    """The admin's form, which does not take guess after guess."""

    error_messages = {
        **AdminAuthenticationForm.error_messages,
        "too_many_attempts": (
            "Too many attempts to sign in. Wait a quarter of an hour, then try again."
        ),
        "published_password": (
            "This password is published, so it opens nothing here. "
            "Ask an administrator for another one."
        ),
    }

    def clean(self) -> dict[str, Any]:
        """Look at the password, unless too many were wrong."""
        username = self.cleaned_data.get("username")
        if username is None or not self.cleaned_data.get("password"):
            return super().clean()
        address = client_ip(self.request) if self.request else ""
        counters = _counters(username, address)
        if not all(_take(counter) for counter in counters):
            logger.warning("Too many attempts to sign in.")
            raise self._error("too_many_attempts")
        cleaned = super().clean()
        for counter in counters:
            _add(counter, -1)
        caches["sign_ins"].set(_owner(username, address), 1, _REMEMBERED_SECONDS)
        return cleaned

    def confirm_login_allowed(self, user: User) -> None:
        """Refuse in production what opens demonstrations."""
        super().confirm_login_allowed(user)
        if settings.IS_PRODUCTION and self.cleaned_data["password"] == DEMO_PASSWORD:
            raise self._error("published_password")

    def _error(self, code: str) -> ValidationError:
        return ValidationError(self.error_messages[code], code=code)


def _counters(username: str, address: str) -> list[Counter]:
    """Return what counts this attempt; where no address is known, none counts it."""
    account = unicodedata.normalize("NFKC", username).casefold()
    window = int(time.time() // _WINDOW_SECONDS)
    counters = [
        Counter(_name("pair", account, address, window), _PER_ACCOUNT_AND_ADDRESS)
    ]
    if address:
        counters.append(Counter(_name("address", address, window), _PER_ADDRESS))
    if _owner(username, address) not in caches["sign_ins"]:
        counters.append(Counter(_name("account", account, window), _PER_ACCOUNT))
    return counters


def _owner(username: str, address: str) -> str:
    """Return the name under which it is remembered that somebody signed in there."""
    account = unicodedata.normalize("NFKC", username).casefold()
    return _name("owner", account, address)


def _name(*parts: object) -> str:
    """Return a name in the cache from which nobody can tell who it was."""
    return salted_hmac("meter_readings.signing_in", repr(parts)).hexdigest()


def _take(counter: Counter) -> bool:
    """Count an attempt; return whether there were not too many already.

    It is counted in one step: of many who come at once, no more get through than may.
    """
    caches["sign_ins"].add(counter.name, 0)
    return _add(counter, 1) <= counter.limit


def _add(counter: Counter, number: int) -> int:
    """Return a count with a number added, or 0 where it has just been forgotten."""
    with suppress(ValueError):
        return caches["sign_ins"].incr(counter.name, number)
    return 0


def note_last_login(*, user: User, **context: Any) -> None:
    """Put down when somebody signed in, unless that would have to wait for a load."""
    if not write_unless_locked(lambda: update_last_login(User, user)):  # sqlite only
        logger.info("The time of a sign-in was not put down: a load is going on.")
