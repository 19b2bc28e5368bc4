"""Login: the admin's sign-in form with limits on wrong passwords.

Attempts are counted for a quarter of an hour: by account and client IP, by client IP,
and by account. An attempt is counted before its password is checked, so that parallel
attempts cannot exceed a limit, and uncounted when it succeeds.

django-axes is not used: its check axes.W001 rejects local memory for its cache handler,
its database handler waits for SQLite's write lock while a file is imported, it has one
limit for all counters, and it counts an attempt only after its password was checked.
"""

from __future__ import annotations

import logging
import time
import unicodedata
from typing import Any

from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.models import User, update_last_login
from django.core.exceptions import ValidationError
from django.utils.crypto import salted_hmac

from meter_readings.demo import DEMO_PASSWORD

from . import login_attempts
from .client_ip import client_ip
from meter_readings.write_lock import write_unless_locked
from .login_attempts import Counter
from .sign_in_log import log_blocked_sign_in

logger = logging.getLogger(__name__)

_WINDOW_SECONDS = 15 * 60
_KNOWN_CLIENT_SECONDS = 30 * 24 * 60 * 60
_MAX_PER_ACCOUNT_AND_IP, _MAX_PER_IP, _MAX_PER_ACCOUNT = 5, 50, 100


class ThrottledLoginForm(AdminAuthenticationForm):
    """The admin's sign-in form, which checks no password above a limit."""

    error_messages = {
        **AdminAuthenticationForm.error_messages,
        "too_many_attempts": (
            "Too many attempts to sign in. Wait a quarter of an hour, then try again."
        ),
        "published_password": (
            "This password is published, so it cannot be used here. "
            "Ask an administrator for another one."
        ),
    }

    def clean(self) -> dict[str, Any]:
        """Check the password, unless a limit of attempts is exceeded."""
        username = self.cleaned_data.get("username")
        if username is None or not self.cleaned_data.get("password"):
            return super().clean()
        # A username in another case or width counts as the same account.
        account = unicodedata.normalize("NFKC", username).casefold()
        ip = client_ip(self.request) if self.request else ""
        now = int(time.time())
        counters = _attempt_counters(account, ip, now)
        if not login_attempts.count_attempt(counters, now=now):
            log_blocked_sign_in(username=username, request=self.request)
            raise self._error("too_many_attempts")
        cleaned = super().clean()
        login_attempts.uncount_attempt(counters)
        known_client = _key("known client", account, ip)
        login_attempts.remember(known_client, expires_at=now + _KNOWN_CLIENT_SECONDS)
        return cleaned

    def confirm_login_allowed(self, user: User) -> None:
        """Reject the demo password in production."""
        super().confirm_login_allowed(user)
        if settings.IS_PRODUCTION and self.cleaned_data["password"] == DEMO_PASSWORD:
            raise self._error("published_password")

    def _error(self, code: str) -> ValidationError:
        return ValidationError(self.error_messages[code], code=code)


def _attempt_counters(account: str, ip: str, now: int) -> list[Counter]:
    """Return the counters of an attempt.

    Attempts from an unknown IP address ("") are not counted by address. The counter of
    the account alone is skipped for a client IP from which the account signed in
    before, so that attempts from elsewhere do not lock its owner out.
    """
    window = now // _WINDOW_SECONDS
    end = (window + 1) * _WINDOW_SECONDS

    def counter(limit: int, *parts: str) -> Counter:
        return Counter(_key(*parts, window), limit, end)

    counters = [counter(_MAX_PER_ACCOUNT_AND_IP, "account and ip", account, ip)]
    if ip:
        counters.append(counter(_MAX_PER_IP, "ip", ip))
    if not login_attempts.is_remembered(_key("known client", account, ip)):
        counters.append(counter(_MAX_PER_ACCOUNT, "account", account))
    return counters


def _key(*parts: object) -> str:
    """Return a key that reveals neither the account nor the IP address."""
    return salted_hmac("meter_readings.accounts.login", repr(parts)).hexdigest()


def update_last_login_unless_locked(*, user: User, **context: Any) -> None:
    """Store the time of a login, unless that would have to wait for an import."""
    if not write_unless_locked(lambda: update_last_login(User, user)):  # sqlite only
        logger.info("The time of a login was not stored: an import is running.")
