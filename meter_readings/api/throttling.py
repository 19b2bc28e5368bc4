"""Throttles of the API: those of Django REST framework, counting by the second.

Authenticated users are limited by the view's `throttle_scope`, others by IP address.
The rates are DEFAULT_THROTTLE_RATES in the settings.
"""

from __future__ import annotations

import math
from typing import Any

from django.core.cache import caches
from rest_framework.request import Request
from rest_framework.throttling import (
    AnonRateThrottle,
    ScopedRateThrottle,
    SimpleRateThrottle,
)

from meter_readings.accounts.client_ip import client_ip


class _CountingThrottle(SimpleRateThrottle):
    """Stores the number of requests of each second.

    Django REST framework stores the time of each request. Every request reads and
    writes the whole list, which has thousands of times where the rate allows them.
    """

    cache_format = "requests_%(scope)s_%(ident)s"
    num_requests: int
    duration: int

    def allow_request(self, request: Request, view: Any) -> bool:
        self.key = self.get_cache_key(request, view)
        self.now = self.timer()
        stored: dict[int, int] = self.cache.get(self.key, {})
        # A request is counted for a minute from the end of its second on.
        start = self.now - self.duration
        self.counts = {at: count for at, count in stored.items() if at > start}
        if sum(self.counts.values()) >= self.num_requests:
            return False
        second = math.ceil(self.now)
        self.counts[second] = self.counts.get(second, 0) + 1
        self.cache.set(self.key, self.counts, self.duration + 1)
        return True

    def wait(self) -> float:
        """Return in how many seconds the first counted requests are a minute old."""
        seconds: float = min(self.counts) + self.duration - self.now
        return seconds


class UserRateThrottle(ScopedRateThrottle, _CountingThrottle):
    """Limits a user by the scope of the view."""


class AnonymousRateThrottle(AnonRateThrottle, _CountingThrottle):
    """Limits unauthenticated clients by IP address, IPv6 clients by their /64 network.

    The exception handler applies it: authentication fails before throttles are checked.
    """

    def __init__(self) -> None:
        super().__init__()
        # Their counters cannot evict those of users from it.
        self.cache = caches["anonymous"]

    def get_ident(self, request: Request) -> str:
        """Return the client's IP address, or "unknown" for all that have none."""
        return client_ip(request._request) or "unknown"
