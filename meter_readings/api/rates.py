"""How much may be asked in a minute: by a user for each scope, by strangers together.

Counts are in the caches "rates" and "strangers", which all processes share, and each
request is counted in one step: of many that come at once, no more get in than may.
"""

from __future__ import annotations

import logging
import math
import time
from contextlib import suppress
from typing import NamedTuple

from django.conf import settings
from django.contrib.auth.models import User
from django.core.cache import caches
from rest_framework.request import Request

from meter_readings.callers import address_of

logger = logging.getLogger(__name__)

# The TIMEOUT of both caches (config/caches.py)
_MINUTE = 60


class Rate(NamedTuple):
    """What somebody has asked this minute, this request included.

    `name` is what is counted, such as a scope; `seconds` are those until the next
    minute begins.
    """

    name: str
    limit: int
    asked: int
    seconds: int

    @property
    def is_exceeded(self) -> bool:
        """Return whether it is too much."""
        return self.asked > self.limit

    def headers(self) -> dict[str, str]:
        """Return what a client is told (draft-ietf-httpapi-ratelimit-headers)."""
        left = max(0, self.limit - self.asked)
        return {
            "RateLimit-Policy": f'"{self.name}";q={self.limit};w={_MINUTE}',
            "RateLimit": f'"{self.name}";r={left};t={self.seconds}',
        }


def of_user(user: User, scope: str) -> Rate:
    """Count a request of somebody known; tokens and sessions of a user are one."""
    limit = getattr(settings, f"API_RATE_{scope.upper()}")
    return _counted("rates", scope, user.pk, limit)


def of_strangers(request: Request) -> Rate:
    """Count somebody who is refused because nobody knows him, by his address."""
    address = address_of(request._request) or "unknown"
    return _counted("strangers", "unknown", address, settings.API_RATE_UNKNOWN)


def _counted(cache: str, name: str, who: object, limit: int) -> Rate:
    """Count a request; where that cannot be done, it is let in."""
    minute, second = divmod(time.time(), _MINUTE)
    # A count lasts a minute, so that of the minute before last is gone.
    key = f"{name}:{who}:{int(minute) % 2}"
    try:
        count = _incremented(cache, key)
    except OSError as error:
        logger.error("Requests cannot be counted (%s).", type(error).__name__)
        count = 1
    return Rate(name, limit, count, math.ceil(_MINUTE - second))


def _incremented(cache: str, key: str) -> int:
    """Return a count with one added; one that is not there begins."""
    with suppress(ValueError):
        return caches[cache].incr(key)
    caches[cache].add(key, 0, _MINUTE)
    with suppress(ValueError):
        return caches[cache].incr(key)
    # Pushed out by others just now
    return 1
