"""Writing down something small, without waiting for a load to end.

SQLite lets one connection write at a time, and a load may take minutes. What only
notes that somebody was here must keep nobody waiting for that long.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import OperationalError, connection


def is_written_at_once(write: Callable[[], object]) -> bool:
    """Write; return False, with nothing written, where that would mean to wait.

    PostgreSQL locks rows, and a load none of these: there it is just written.
    """
    if connection.vendor == "postgresql":  # postgresql only
        write()
        return True
    with connection.cursor() as cursor:  # sqlite only
        cursor.execute("PRAGMA busy_timeout")
        (usual_wait,) = cursor.fetchone()
        cursor.execute("PRAGMA busy_timeout = 0")
        try:
            write()
        except OperationalError:
            return False
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(usual_wait)}")
        return True
