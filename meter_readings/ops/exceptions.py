"""Exceptions of services that the site depends on."""

from __future__ import annotations

from django.conf import settings


def cache_exceptions() -> tuple[type[Exception], ...]:
    """Return the exceptions by which the cache says that it is unavailable.

    Local memory has none; redis-py need not be installed for it.
    """
    if not settings.REDIS_URL:
        return ()
    from redis.exceptions import RedisError

    return (RedisError,)
