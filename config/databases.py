"""How each database is spoken to."""

import os
import tempfile
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

# How long one question of the web may take, and a transaction in which nothing is done
_LIMITS = (
    "SET statement_timeout = '30s'; SET idle_in_transaction_session_timeout = '60s'"
)


def sqlite(path: Path) -> dict[str, Any]:
    """Return Django's settings for an SQLite database.

    WAL lets people read while a file is being imported, and NORMAL is safe with it.
    IMMEDIATE takes the write lock at the start: a transaction that asks for it later
    fails at once instead of waiting. The cache is 16 MB, the largest WAL file that is
    left behind 64 MB.
    """
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL;"
                "PRAGMA synchronous=NORMAL;"
                "PRAGMA foreign_keys=ON;"
                "PRAGMA cache_size=-16384;"
                "PRAGMA journal_size_limit=67108864"
            ),
        },
        # A file, because tests start processes that share it; its own name for each
        # run, because two runs at a time must not share it.
        "TEST": {
            "NAME": Path(tempfile.gettempdir(), f"test_d0010_{os.getpid()}.sqlite3")
        },
    }


def postgresql(**where: Any) -> dict[str, Any]:
    """Return Django's settings for a PostgreSQL database, which is `where` they say.

    A connection is kept for a minute, and looked at before it is used again. Nobody
    waits for a lock for longer than 20 seconds, as on SQLite; loads say otherwise.
    """
    return {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 10, "options": "-c lock_timeout=20s"},
        **where,
    }


def limit(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Limit what the web asks by a new connection, so that nothing goes on for ever.

    A request that has been given up is worked at all the same until it is answered.
    Loads and exports, which take as long as they take, say otherwise; commands are not
    limited. SQLite works inside the process that asks.
    """
    if connection.vendor == "postgresql":  # postgresql only
        with connection.cursor() as cursor:
            cursor.execute(_LIMITS)


def replica(primary: dict[str, Any], **where: Any) -> dict[str, Any]:
    """Return settings for a replica of a PostgreSQL database, which is read-only.

    The short timeouts keep requests from waiting for a replica that is unavailable.
    """
    options = {
        "connect_timeout": 2,
        "tcp_user_timeout": 5000,
        "options": "-c lock_timeout=20s -c default_transaction_read_only=on",
    }
    return {**primary, "OPTIONS": options, "TEST": {"MIRROR": "default"}, **where}
