"""Letting go of the bytes of what was removed: a database only marks them as free.

SQLite writes the whole database anew. PostgreSQL does so with the tables that hold
texts; readings hold numbers, times and codes, and nothing that tells whose they are
when the meter is gone, so that their space is only freed.
"""

from __future__ import annotations

import time

from django.contrib.sessions.models import Session
from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper

from meter_readings.models import Meter, MeterPoint, Reading

from .texts import models_with_text

# So many seconds it waits for those who read what was there, and for a table in use,
# which holds up others that come later.
_PATIENCE = 10


def compact() -> bool:
    """Let go of what was removed until now; return whether nothing is left of it.

    It is not where somebody still reads what was there, or is importing files, or a
    table is in use for long: then it is to be tried again. Not inside a transaction.
    """
    # What it staged goes with a connection.
    connection.close()
    try:
        if connection.vendor == "postgresql":  # postgresql only
            return _rewrite_tables()
        return _rewrite_database()  # sqlite only
    except OperationalError:
        return False


def _rewrite_database() -> bool:  # sqlite only
    with connection.cursor() as cursor:
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        is_busy, _, _ = cursor.fetchone()
        return not is_busy


# Who sees what was there before a transaction keeps it from being let go; and who is
# importing has it in temporary tables.
_WHO_HAS_IT = """
SELECT (
    SELECT COUNT(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND (
        age(backend_xmin) >= age(%(now)s::xid) OR age(backend_xid) >= age(%(now)s::xid)
    )
) + (
    SELECT COUNT(*) FROM pg_class WHERE relname = 'incoming_meter'
)
"""


def _rewrite_tables() -> bool:  # postgresql only
    texts = {model._meta.db_table for model, _ in models_with_text()}
    texts |= {model._meta.db_table for model in (MeterPoint, Meter, Session)}
    readings = Reading._meta.db_table
    with connection.cursor() as cursor:
        is_nobodys = _wait_until_nobody_has_it(cursor)
        cursor.execute(f"SET lock_timeout = '{_PATIENCE}s'")
        try:
            cursor.execute(f"VACUUM (ANALYZE) {readings}")
            # Statistics have the most common values of each column, and its bounds.
            for table in (*sorted(texts - {readings}), "pg_statistic"):
                # Writing a table anew takes along what any transaction of the server
                # might see, if it is not removed before.
                cursor.execute(f"VACUUM (ANALYZE, DISABLE_PAGE_SKIPPING) {table}")
                cursor.execute(f"VACUUM (FULL) {table}")
        finally:
            cursor.execute("RESET lock_timeout")
    return is_nobodys


def _wait_until_nobody_has_it(cursor: CursorWrapper) -> bool:  # postgresql only
    """Wait for a while until nobody has what was there; return whether that is so."""
    cursor.execute("SELECT pg_current_xact_id()::xid::text")
    (now,) = cursor.fetchone()
    end = time.monotonic() + _PATIENCE
    while True:
        cursor.execute(_WHO_HAS_IT, {"now": now})
        (number,) = cursor.fetchone()
        if not number or time.monotonic() > end:
            return not number
        time.sleep(0.2)
