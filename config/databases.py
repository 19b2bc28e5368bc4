"""Databases: the connection settings of SQLite, PostgreSQL and its replica."""

import os
import tempfile
from pathlib import Path
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

# For connections of the web application
_TIMEOUT_SQL = (
    "SET statement_timeout = '30s'; SET idle_in_transaction_session_timeout = '60s'"
)


def sqlite(path: Path) -> dict[str, Any]:
    """Return Django's settings for an SQLite database.

    WAL allows reading while a file is imported, and synchronous=NORMAL is safe with it.
    IMMEDIATE takes the write lock when a transaction starts: one that takes it later
    fails at once instead of waiting. The cache is 16 MB; a WAL file is truncated to
    64 MB.
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
        # A file, because tests start processes that use it; named by the process,
        # because two test runs at a time must not share it.
        "TEST": {
            "NAME": Path(tempfile.gettempdir(), f"test_d0010_{os.getpid()}.sqlite3")
        },
    }


def postgresql(**where: Any) -> dict[str, Any]:
    """Return Django's settings for a PostgreSQL database at an address.

    A connection is kept for a minute and checked before it is used again.
    `meter_readings.ops.postgresql_sessions` sets the lock timeout.
    """
    return {
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 10},
        **where,
    }


def set_connection_timeouts(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Set timeouts on a new PostgreSQL connection of the web application.

    PostgreSQL continues a query whose request has been abandoned. Imports and exports
    set their own timeouts; commands have none.
    """
    if connection.vendor == "postgresql":  # postgresql only
        with connection.cursor() as cursor:
            cursor.execute(_TIMEOUT_SQL)


def replica(primary: dict[str, Any], **where: Any) -> dict[str, Any]:
    """Return settings for a replica of a PostgreSQL database, which is read-only.

    The short timeouts keep requests from waiting for a replica that is unavailable.
    """
    options = {"connect_timeout": 2, "tcp_user_timeout": 5000}
    return {**primary, "OPTIONS": options, "TEST": {"MIRROR": "default"}, **where}
