"""Caches: local memory, or Redis if REDIS_URL is set.

Two count API requests for Django REST framework's throttles: `default` those of users,
`anonymous` those of clients without valid credentials. They are separate so that
requests without credentials cannot evict the counters of users. `answers` has answers
about meter points (`meter_readings.ops.answer_cache`). Local memory belongs to one
process: without Redis each process counts on its own, and has answers of its own.
"""

import importlib.util
from typing import Any

from django.core.exceptions import ImproperlyConfigured

# How many entries the local memory of each cache has. An answer is at most 256 kB.
_MAX_ENTRIES = {"default": 10_000, "anonymous": 10_000, "answers": 250}

_REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
# `?socket_timeout=5` in the URL overrides it.
_REDIS_TIMEOUT_SECONDS = 2


def cache_settings(redis_url: str) -> dict[str, dict[str, Any]]:
    """Return Django's CACHES. Raise ImproperlyConfigured if Redis cannot be used."""
    if redis_url:
        _check_redis_url(redis_url)
        return {alias: _redis_cache(redis_url, alias) for alias in _MAX_ENTRIES}
    return {alias: _local_memory_cache(alias) for alias in _MAX_ENTRIES}


def _check_redis_url(redis_url: str) -> None:
    """Raise ImproperlyConfigured; the URL is not repeated, it may hold a password."""
    if not redis_url.startswith(_REDIS_SCHEMES):
        raise ImproperlyConfigured(
            "REDIS_URL must begin with redis://, rediss:// or unix://, "
            "as redis://127.0.0.1:6379/0 does."
        )
    if not importlib.util.find_spec("redis"):
        raise ImproperlyConfigured(
            "REDIS_URL is set, and redis-py is not installed. Run: "
            "pip install -r deployment_scripts/requirements-production.txt"
        )


def _local_memory_cache(alias: str) -> dict[str, Any]:
    return {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": alias,
        "OPTIONS": {"MAX_ENTRIES": _MAX_ENTRIES[alias]},
    }


def _redis_cache(redis_url: str, alias: str) -> dict[str, Any]:
    return {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": redis_url,
        "KEY_PREFIX": f"d0010:{alias}",
        "OPTIONS": {
            "socket_connect_timeout": _REDIS_TIMEOUT_SECONDS,
            "socket_timeout": _REDIS_TIMEOUT_SECONDS,
        },
    }
