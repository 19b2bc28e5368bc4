"""Which version of a reading key counts: one statement over the keys in question.

A reading key is one meter, register and time. Its versions are put in the order in
which they were said: by the file's creation stamp (J0280), its file identifier, its
hash, the line. That order is in the files alone, so the same files give the same
version statuses however often and in whatever order they were imported and undone.

- A withdrawal (reading type W) withdraws itself and all that was said before it.
- Of what is left, a version that says nothing new is a duplicate of the first to say
  it: value, type, J0022, flag and 032 status are the same.
- V counts over U over F (J0022), then what was said later. Where the same value and
  type are said again under another status, the later status is the verdict on both:
  validity changed after review.
- What a user entered counts over all files, and of that what was entered last; none of
  it is a duplicate. If its correction is undone, it is withdrawn and nothing else is
  affected by it.
- All others are superseded.
"""

from __future__ import annotations

from django.db import connection
from django.db.backends.utils import CursorWrapper

from meter_readings.d0010.codes import BscValidationStatus, ReadingType
from meter_readings.models import VersionStatus

from .sql import CHANGED_AT, CORRECTION, FLOW_FILE, READING

# A temporary table, filled by the caller with the reading keys to resolve.
READING_KEYS_TABLE = "reading_key_to_resolve"

_KEY_COLUMNS = "meter_id, register_id, read_at"

# The parameters are the columns of a reading key.
INSERT_READING_KEY = f"INSERT INTO {READING_KEYS_TABLE} VALUES (%s, %s, %s)"

# Two versions with the same content are duplicates. All versions from files have the
# same correction, which is NULL.
_CONTENT_COLUMNS = (
    "value, reading_type, bsc_validation_status, meter_reading_flag,"
    " meter_reading_status, correction_id"
)


def file_ordering_sql(flow_file: str) -> str:
    """Return the columns of a table alias that put files in the order of versions.

    Text is compared byte by byte, so that every database has the same order.
    """
    bytewise = "BINARY" if connection.vendor == "sqlite" else '"C"'
    return (
        f"{flow_file}.file_created_at, {flow_file}.file_identifier COLLATE {bytewise},"
        f" {flow_file}.sha256 COLLATE {bytewise}"
    )


def _resolution_sql() -> str:
    """Return the statement that updates the version status of each version.

    `versions` numbers the versions of a reading key in order; corrections have ids in
    the order in which they were entered. `with_withdrawals` adds the number of the last
    withdrawal, `with_latest_status` the latest J0022 of the same value and type.
    `ranked` adds the rank, of which 1 is current, and the occurrence of the same
    content.
    """
    # The time finds the partition on PostgreSQL. SQLite could find a reading by the
    # time instead of by the id, and read all readings of that time for each.
    same_partition = (
        f"AND {READING}.read_at = resolved.read_at"
        if connection.vendor == "postgresql"
        else ""
    )
    # It begins with UPDATE, not WITH: SQLite's driver then reports the changed rows.
    # Keys come first, by CROSS JOIN: SQLite keeps that order, and would else read every
    # reading.
    return f"""
UPDATE {READING}
SET version_status = resolved.version_status, changed_at = {CHANGED_AT} FROM (
WITH versions AS (
    SELECT reading.id, reading.meter_id, reading.register_id, reading.read_at,
        reading.value, reading.reading_type, reading.bsc_validation_status,
        reading.meter_reading_flag, reading.meter_reading_status,
        reading.correction_id, correction.undone_at IS NOT NULL AS is_undone,
        ROW_NUMBER() OVER (
            PARTITION BY reading.meter_id, reading.register_id, reading.read_at
            ORDER BY COALESCE(reading.correction_id, 0),
                {file_ordering_sql("flow_file")}, reading.line_number
        ) AS version_number
    FROM {READING_KEYS_TABLE} AS reading_key CROSS JOIN {READING} AS reading
    LEFT JOIN {FLOW_FILE} AS flow_file ON flow_file.id = reading.flow_file_id
    LEFT JOIN {CORRECTION} AS correction ON correction.id = reading.correction_id
    WHERE reading.meter_id = reading_key.meter_id
        AND reading.register_id = reading_key.register_id
        AND reading.read_at = reading_key.read_at
), with_withdrawals AS (
    SELECT versions.*, MAX(
        CASE WHEN reading_type = '{ReadingType.WITHDRAWN}' AND NOT is_undone
            THEN version_number ELSE 0 END
    ) OVER (PARTITION BY {_KEY_COLUMNS}) AS last_withdrawal
    FROM versions
), with_latest_status AS (
    SELECT with_withdrawals.*,
        is_undone OR version_number <= last_withdrawal AS is_withdrawn,
        FIRST_VALUE(bsc_validation_status) OVER (
            PARTITION BY {_KEY_COLUMNS},
                is_undone OR version_number <= last_withdrawal, value, reading_type
            ORDER BY version_number DESC
        ) AS latest_status
    FROM with_withdrawals
), ranked AS (
    SELECT with_latest_status.*,
        ROW_NUMBER() OVER (
            PARTITION BY {_KEY_COLUMNS}, is_withdrawn
            ORDER BY COALESCE(correction_id, 0) DESC, CASE latest_status
                WHEN '{BscValidationStatus.VALIDATED}' THEN 0
                WHEN '{BscValidationStatus.FAILED}' THEN 2
                ELSE 1
            END, version_number DESC
        ) AS version_rank,
        ROW_NUMBER() OVER (
            PARTITION BY {_KEY_COLUMNS}, is_withdrawn, {_CONTENT_COLUMNS}
            ORDER BY version_number
        ) AS occurrence
    FROM with_latest_status
)
SELECT id, read_at, CASE
    WHEN is_withdrawn THEN '{VersionStatus.WITHDRAWN}'
    WHEN occurrence > 1 THEN '{VersionStatus.DUPLICATE}'
    WHEN MIN(version_rank) OVER (
        PARTITION BY {_KEY_COLUMNS}, is_withdrawn, {_CONTENT_COLUMNS}
    ) = 1 THEN '{VersionStatus.CURRENT}'
    ELSE '{VersionStatus.SUPERSEDED}'
END AS version_status
FROM ranked
) AS resolved
WHERE {READING}.id = resolved.id {same_partition}
    AND {READING}.version_status <> resolved.version_status
"""


def resolve_versions(cursor: CursorWrapper) -> int:
    """Update the version status of all versions of the keys in READING_KEYS_TABLE.

    The caller has a transaction open, holds the import lock and has saved the flow file
    or correction that causes the change. Returns how many readings have another status
    than before.
    """
    cursor.execute(_resolution_sql())
    return int(cursor.rowcount)
