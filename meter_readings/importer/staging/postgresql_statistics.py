"""Statistics of the tables on PostgreSQL: taken in a load where they are outdated."""

from __future__ import annotations

from django.db.backends.utils import CursorWrapper

from meter_readings.importer.sql import METER, METER_POINT, READING

# Autovacuum does not analyse a partitioned table as a whole. Without statistics
# PostgreSQL assumes 200 distinct values in every column and sorts rows that are in
# order. So a load analyses the table if it has more than _ANALYZE_MIN_BYTES and, at
# some 150 bytes per reading, four times the rows of the statistics. It does so at most
# once per interval, because a table stays large after much of it was deleted.
_ANALYZE_MIN_BYTES = 16 << 20
_ANALYZE_GROWTH_BYTES = 4 * 150
_MIN_ANALYZE_INTERVAL_SECONDS = 60
_TABLE_SIZE_SQL = f"""
SELECT COALESCE(SUM(pg_relation_size(inhrelid)), 0), GREATEST(MAX(reltuples), 0)
FROM pg_class JOIN pg_inherits ON inhparent = pg_class.oid
WHERE pg_class.oid = '{READING}'::regclass AND COALESCE(
    pg_stat_get_last_analyze_time(pg_class.oid) < now() - %s * interval '1 s', true
)
"""
_ANALYZE_SQL = f"ANALYZE {READING} (flow_file_id, meter_id)"

# Joins are planned by the statistics of the tables as they were before a load. A load
# of more than this many rows may have one serial number for all of them, or fill tables
# that were empty when they were analysed, and are expected to be empty ever since. Each
# join would then read all meters, or all readings, for each row.
_MANY_ROWS = 1000
_IS_OUTDATED_SQL = f"""
SELECT EXISTS (
    SELECT FROM pg_class JOIN pg_inherits ON inhrelid = pg_class.oid
    WHERE inhparent = '{READING}'::regclass AND relpages > 0
        AND reltuples * pg_relation_size(pg_class.oid)
            / current_setting('block_size')::int / relpages
            < pg_stat_get_xact_tuples_inserted(pg_class.oid)
)
"""


def analyze_if_grown(cursor: CursorWrapper) -> None:
    """Update the statistics of all readings if the table has grown a lot."""
    cursor.execute(_TABLE_SIZE_SQL, [_MIN_ANALYZE_INTERVAL_SECONDS])
    size, row_estimate = cursor.fetchone()
    if size > _ANALYZE_MIN_BYTES and size > row_estimate * _ANALYZE_GROWTH_BYTES:
        cursor.execute(_ANALYZE_SQL)


def analyze_meters(cursor: CursorWrapper, inserted: int) -> None:
    """Update the statistics of the meters after many were inserted."""
    if inserted > _MANY_ROWS:
        cursor.execute(f"ANALYZE {METER_POINT}, {METER}")


def analyze_readings_if_outdated(cursor: CursorWrapper, inserted: int) -> None:
    """Update the statistics of the readings if they expect fewer than were inserted.

    So it is if a year was empty when it was analysed, whatever other years have. A
    partition that was never analysed is expected to have as many as its size tells.
    """
    if inserted > _MANY_ROWS:
        cursor.execute(_IS_OUTDATED_SQL)
        (is_outdated,) = cursor.fetchone()
        if is_outdated:
            cursor.execute(f"ANALYZE {READING}")
