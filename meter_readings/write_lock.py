"""Small writes that must not wait for an import to finish.

SQLite lets one connection write at a time, and an import may take minutes. A request
that only records a last use or a look-up must not wait for that long.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import OperationalError, connection


def write_unless_locked(write: Callable[[], object], *, seconds: float = 0) -> bool:
    """Call `write`; return False, with nothing written, if SQLite stays locked.

    `seconds` is how long to wait for the lock. PostgreSQL locks rows, and an import
    locks none of those written here, so it always writes.
    """
    if connection.vendor == "postgresql":  # postgresql only
        write()
        return True
    connection.ensure_connection()  # sqlite only
    execute = connection.connection.execute
    (lock_timeout,) = execute("PRAGMA busy_timeout").fetchone()
    execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
    try:
        write()
    except OperationalError:
        return False
    finally:
        execute(f"PRAGMA busy_timeout = {int(lock_timeout)}")
    return True
