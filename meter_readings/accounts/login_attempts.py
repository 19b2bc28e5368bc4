"""Counters of sign-in attempts, stored until their time is over.

They are in a database, because entries of a cache are evicted by newer ones and lost by
a restart. On PostgreSQL they are a table beside the others. SQLite lets one connection
write at a time, and an import may take minutes: there they are a file of their own,
beside the session files.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db import OperationalError, connection

_FILENAME = "login_attempts.sqlite3"
_LOCK_TIMEOUT_SECONDS = 20

# The same table as that of migration 0010 on PostgreSQL
_TABLE = "meter_readings_loginattempts"
_CREATE_TABLE = (
    f"CREATE TABLE IF NOT EXISTS {_TABLE}"
    " (key text PRIMARY KEY, count integer NOT NULL, expires_at integer NOT NULL)"
)
_CREATE_INDEX = (
    f"CREATE INDEX IF NOT EXISTS login_attempts_expires_at_idx ON {_TABLE} (expires_at)"
)
_DELETE_EXPIRED = f"DELETE FROM {_TABLE} WHERE expires_at <= %s"
_SELECT = f"SELECT count FROM {_TABLE} WHERE key = %s"
_INCREMENT = (
    f"INSERT INTO {_TABLE} (key, count, expires_at) VALUES (%s, 1, %s)"
    f" ON CONFLICT (key) DO UPDATE"
    f" SET count = {_TABLE}.count + 1, expires_at = excluded.expires_at"
    f" RETURNING count"
)
_DECREMENT = f"UPDATE {_TABLE} SET count = count - 1 WHERE key = %s RETURNING count"

# Executes a statement and returns the number that it selects, or None.
type Execute = Callable[..., int | None]


class Counter(NamedTuple):
    """A key that counts attempts until a Unix time, and the most it allows."""

    key: str
    limit: int
    expires_at: int


def count_attempt(counters: list[Counter], *, now: float) -> bool:
    """Count an attempt, unless it exceeds a limit; return whether it does not.

    Somebody who is blocked adds no rows, and so cannot fill the disk.
    """
    with _statements() as execute:
        execute(_DELETE_EXPIRED, now)
        if any((execute(_SELECT, key) or 0) >= limit for key, limit, _ in counters):
            return False
        # Parallel attempts may have counted since.
        return all(
            (execute(_INCREMENT, key, expires_at) or 0) <= limit
            for key, limit, expires_at in counters
        )


def uncount_attempt(counters: list[Counter]) -> None:
    with _statements() as execute:
        for counter in counters:
            execute(_DECREMENT, counter.key)


def remember(key: str, *, expires_at: int) -> None:
    """Store a key until a Unix time."""
    with _statements() as execute:
        execute(_INCREMENT, key, expires_at)


def is_remembered(key: str) -> bool:
    with _statements() as execute:
        return execute(_SELECT, key) is not None


@contextmanager
def _statements() -> Iterator[Execute]:
    """Yield a function that executes statements, on SQLite in one transaction."""
    if connection.vendor == "postgresql":  # postgresql only
        yield _execute_on_postgresql
        return
    path = Path(settings.SESSION_FILE_PATH, _FILENAME)  # sqlite only
    try:  # sqlite only
        with closing(sqlite3.connect(path, timeout=_LOCK_TIMEOUT_SECONDS)) as file:
            file.execute("BEGIN IMMEDIATE")
            file.execute(_CREATE_TABLE)
            file.execute(_CREATE_INDEX)
            yield lambda sql, *values: _first(
                file.execute(sql.replace("%s", "?"), values).fetchone()
            )
            file.commit()
    except sqlite3.Error as error:  # sqlite only
        # The middleware answers it as an outage of the database.
        raise OperationalError("Sign-in attempts cannot be counted.") from error


def _execute_on_postgresql(  # postgresql only
    sql: str, *values: str | float
) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return _first(cursor.fetchone() if cursor.description else None)


def _first(row: tuple[int, ...] | None) -> int | None:
    return row[0] if row else None
