"""Exceptions of services that the site depends on."""

from __future__ import annotations

from django.conf import settings


def cache_exceptions() -> tuple[type[Exception], ...]:
    """Return the exceptions that the cache raises if it is unavailable.

    Local memory raises none, and works without redis-py.
    """
    if not settings.REDIS_URL:
        return ()
    from redis.exceptions import RedisError  # redis only

    return (RedisError,)  # redis only
