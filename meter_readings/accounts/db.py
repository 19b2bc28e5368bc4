"""Small writes that must not wait for an import to finish.

SQLite lets one connection write at a time, and an import may take minutes. A request
that only records a last use or a last sign-in must not wait for that long.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import OperationalError, connection


def write_unless_locked(write: Callable[[], object]) -> bool:
    """Call `write`; return False, with nothing written, if SQLite is locked.

    PostgreSQL locks rows, and an import locks none of accounts, so it always writes.
    """
    if connection.vendor == "postgresql":  # postgresql only
        write()
        return True
    with connection.cursor() as cursor:  # sqlite only
        cursor.execute("PRAGMA busy_timeout")
        (lock_timeout,) = cursor.fetchone()
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            write()
        except OperationalError:
            return False
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(lock_timeout)}")
        return True
