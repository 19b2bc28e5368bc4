"""Throttles of the API that add to those of Django REST framework.

Authenticated users are limited by `ScopedRateThrottle`, whose scope is the view's
`throttle_scope`. The rates are DEFAULT_THROTTLE_RATES in the settings.
"""

from __future__ import annotations

from django.core.cache import caches
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle

from meter_readings.accounts.client_ip import client_ip


class AnonymousRateThrottle(AnonRateThrottle):
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
