"""Where things are kept that may be forgotten: never in the database of the readings.

Each kind has a place of its own, so that many of one push out none of another: files,
which all processes of a machine share, or names in Redis, which several machines do.
"""

import importlib.util
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

_FIVE_MINUTES = 5 * 60
_HALF_AN_HOUR = 30 * 60
_MINUTE = 60

_TIMEOUTS = {
    "default": _FIVE_MINUTES,
    "sessions": _FIVE_MINUTES,
    # Attempts to sign in
    "sign_ins": _HALF_AN_HOUR,
    # Requests to the API within a minute: of who is known, and of strangers
    "rates": _MINUTE,
    "strangers": _MINUTE,
}

_SCHEMES = ("redis://", "rediss://", "unix://")
# Nobody waits longer for Redis. `?socket_timeout=5` in the URL says otherwise.
_SECONDS = 2


def settings(
    folder: Path, *, is_production: bool, redis_url: str = ""
) -> dict[str, dict[str, Any]]:
    """Return Django's CACHES: in Redis where there is one, else in files.

    Without Redis, development keeps the default one in memory.
    """
    if redis_url:
        _refuse(redis_url)
        return {
            name: _in_redis(redis_url, name, timeout)
            for name, timeout in _TIMEOUTS.items()
        }
    kept = {
        name: _in_files(folder / name, timeout) for name, timeout in _TIMEOUTS.items()
    }
    in_memory = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    return kept if is_production else kept | {"default": in_memory}


def session_engine(*, use_postgresql: bool, redis_url: str) -> str:
    """Return where sessions are kept.

    SQLite lets one connection write at a time, and a load may take minutes: signing in
    must not wait for it, so sessions are kept elsewhere.
    """
    if use_postgresql:
        return "django.contrib.sessions.backends.db"
    return "config.sharing" if redis_url else "django.contrib.sessions.backends.cache"


def _refuse(redis_url: str) -> None:
    """Stop where Redis could not be spoken to; the URL may hold a password."""
    if not redis_url.startswith(_SCHEMES):
        raise ImproperlyConfigured(
            "REDIS_URL must begin with redis://, rediss:// or unix://, "
            "as redis://127.0.0.1:6379/0 does."
        )
    if not importlib.util.find_spec("redis"):
        raise ImproperlyConfigured(
            "REDIS_URL is set, and redis-py is not installed. Run: "
            "pip install -r deployment_scripts/requirements-production.txt"
        )


def _in_redis(url: str, name: str, timeout: int) -> dict[str, Any]:
    """Return a cache under a name of its own."""
    return {
        "BACKEND": "config.sharing.SharedCache",
        "LOCATION": [url],
        "KEY_PREFIX": f"d0010:{name}",
        "TIMEOUT": timeout,
        "OPTIONS": {"socket_connect_timeout": _SECONDS, "socket_timeout": _SECONDS},
    }


def _in_files(folder: Path, timeout: int) -> dict[str, Any]:
    """Return a cache in a folder that is readable by its user alone, and bounded."""
    return {
        "BACKEND": "config.counting.CountingFileCache",
        "LOCATION": folder,
        "TIMEOUT": timeout,
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
