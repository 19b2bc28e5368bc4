"""Where things are kept that may be forgotten: never in the database of the readings.

Each kind has a place of its own, so that many of one push out none of another. Files
are shared by all processes on the machine; another backend can stand in their place.
"""

from pathlib import Path
from typing import Any

_HALF_AN_HOUR = 30 * 60
_MINUTE = 60


def settings(folder: Path, *, is_production: bool) -> dict[str, dict[str, Any]]:
    """Return Django's CACHES: in files, but for what development keeps in memory."""
    in_memory = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    return {
        "default": _in_files(folder / "default") if is_production else in_memory,
        "sessions": _in_files(folder / "sessions"),
        # Attempts to sign in
        "sign_ins": _in_files(folder / "sign_ins", timeout=_HALF_AN_HOUR),
        # Requests to the API within a minute: of who is known, and of strangers
        "rates": _in_files(folder / "rates", timeout=_MINUTE),
        "strangers": _in_files(folder / "strangers", timeout=_MINUTE),
    }


def _in_files(folder: Path, timeout: int = 300) -> dict[str, Any]:
    """Return a cache in a folder that is readable by its user alone, and bounded."""
    return {
        "BACKEND": "config.counting.CountingFileCache",
        "LOCATION": folder,
        "TIMEOUT": timeout,
        "OPTIONS": {"MAX_ENTRIES": 10_000},
    }
