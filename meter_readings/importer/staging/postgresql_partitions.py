"""Partitions of the readings on PostgreSQL: one per year, created before a load."""

from __future__ import annotations

import time

from django.db import OperationalError, connection, transaction
from psycopg2.errors import LockNotAvailable

from meter_readings.importer.sql import READING

from .base import ReadersTimeout

# The years whose readings have a partition each (migration 0002). The readings of all
# other years are in the default partition.
YEARS_WITH_PARTITIONS = range(2010, 2100)

_MISSING_YEARS_SQL = f"""
SELECT year FROM unnest(%s::int[]) AS year WHERE NOT EXISTS (
    SELECT FROM pg_inherits WHERE inhparent = '{READING}'::regclass
        AND inhrelid = to_regclass('{READING}_' || year)
)
"""
_PARTITIONS_SQL = (
    "SELECT inhrelid::regclass::text FROM pg_inherits"
    f" WHERE inhparent = '{READING}'::regclass"
)
_ADD_YEARS_SQL = (
    "SELECT reading_create_year_partition(year) FROM unnest(%s::int[]) AS year"
)

# To attach a partition waits for all who read the default one, and new readers wait for
# the attaching. So it is tried for a short time only, and again after a pause.
_ATTACH_LOCK_TIMEOUT_MS = 100
_RETRY_SECONDS = 1.0


def partitions() -> list[str]:
    """Return the names of the partitions."""
    with connection.cursor() as cursor:
        cursor.execute(_PARTITIONS_SQL)
        return [name for (name,) in cursor.fetchall()]


def ensure_partitions(years: set[int], *, lock_sql: str, lock_timeout: float) -> None:
    """Create the partitions that these years lack.

    Runs in a transaction of its own that ends before the load: nobody can read the
    readings from the creation of a partition to the end of the transaction. `lock_sql`
    acquires the import lock. Raises ReadersTimeout if the readings are being read
    for more than `lock_timeout` seconds.
    """
    candidates = sorted(years.intersection(YEARS_WITH_PARTITIONS))
    with connection.cursor() as cursor:
        cursor.execute(_MISSING_YEARS_SQL, [candidates])
        missing = [year for (year,) in cursor.fetchall()]
    start = time.monotonic()
    while missing and not _try_attach(missing, lock_sql):
        if time.monotonic() > start + lock_timeout:
            raise ReadersTimeout
        time.sleep(_RETRY_SECONDS)


def _try_attach(years: list[int], lock_sql: str) -> bool:
    """Create partitions; return False if another transaction reads the readings.

    The import lock keeps other imports from creating the same partitions.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(lock_sql)
        try:
            with transaction.atomic():
                cursor.execute(f"SET LOCAL lock_timeout = {_ATTACH_LOCK_TIMEOUT_MS}")
                cursor.execute(_ADD_YEARS_SQL, [years])
        except OperationalError as error:
            if isinstance(error.__cause__, LockNotAvailable):
                return False
            raise
    return True
