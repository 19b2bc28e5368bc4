"""Which version of a reading event counts: one statement over the events in question.

An event is one meter, register and time. Its versions are put in the order in which
they were said: by the file's creation stamp (J0280), its file identifier, its hash,
the line. That order is in the files alone, so the same files give the same standings
however often and in whatever order they were imported and undone.

- A withdrawal (reading type W) withdraws itself and all that was said before it.
- Of what is left, a version that says nothing new is a duplicate of the first to say
  it: value, type, J0022, flag and 032 status are the same.
- V counts over U over F (J0022), then what was said later. Where the same value and
  type are said again under another status, the later status is the verdict on both:
  validity changed after review (d0010-format.md §6.2, §6.3).
- All others are superseded.
"""

from __future__ import annotations

from django.db import connection
from django.db.backends.utils import CursorWrapper

from meter_readings.d0010.codes import BscValidationStatus, ReadingType
from meter_readings.models import FlowFile, Reading, VersionStatus

_READING = Reading._meta.db_table
_FLOW_FILE = FlowFile._meta.db_table

# The caller fills this temporary table with the events whose versions may compete.
READING_KEYS_TABLE = "reading_key_to_resolve"

_EVENT = "meter_id, register_id, read_at"
_SAYS = (
    "value, reading_type, bsc_validation_status, meter_reading_flag,"
    " meter_reading_status"
)


def file_ordering_sql(flow_file: str) -> str:
    """Return the columns that put files in the order in which they were said.

    Text is compared byte by byte, so that every database has the same order.
    """
    bytewise = "BINARY" if connection.vendor == "sqlite" else '"C"'
    return (
        f"{flow_file}.file_created_at, {flow_file}.file_identifier COLLATE {bytewise},"
        f" {flow_file}.sha256 COLLATE {bytewise}"
    )


def _verdicts() -> str:
    # Beginning with UPDATE, it tells SQLite's driver that it changes rows. Events come
    # first, by CROSS JOIN: SQLite keeps that order, and would else read every reading.
    return f"""
UPDATE {_READING} SET version_status = chosen.version_status FROM (
WITH version AS (
    SELECT reading.id, reading.meter_id, reading.register_id, reading.read_at,
        reading.value, reading.reading_type, reading.bsc_validation_status,
        reading.meter_reading_flag, reading.meter_reading_status,
        ROW_NUMBER() OVER (
            PARTITION BY reading.meter_id, reading.register_id, reading.read_at
            ORDER BY {file_ordering_sql("flow_file")}, reading.line_number
        ) AS place
    FROM {READING_KEYS_TABLE} AS event CROSS JOIN {_READING} AS reading
    JOIN {_FLOW_FILE} AS flow_file ON flow_file.id = reading.flow_file_id
    WHERE reading.meter_id = event.meter_id
        AND reading.register_id = event.register_id
        AND reading.read_at = event.read_at
), placed AS (
    SELECT version.*, MAX(
        CASE WHEN reading_type = '{ReadingType.WITHDRAWN}' THEN place ELSE 0 END
    ) OVER (PARTITION BY {_EVENT}) AS withdrawn_to
    FROM version
), heard AS (
    SELECT placed.*, place <= withdrawn_to AS is_withdrawn,
        FIRST_VALUE(bsc_validation_status) OVER (
            PARTITION BY {_EVENT}, place <= withdrawn_to, value, reading_type
            ORDER BY place DESC
        ) AS verdict
    FROM placed
), ranked AS (
    SELECT heard.*,
        ROW_NUMBER() OVER (
            PARTITION BY {_EVENT}, is_withdrawn
            ORDER BY CASE verdict
                WHEN '{BscValidationStatus.VALIDATED}' THEN 0
                WHEN '{BscValidationStatus.FAILED}' THEN 2
                ELSE 1
            END, place DESC
        ) AS preference,
        ROW_NUMBER() OVER (
            PARTITION BY {_EVENT}, is_withdrawn, {_SAYS} ORDER BY place
        ) AS time_said
    FROM heard
)
SELECT id, read_at, CASE
    WHEN is_withdrawn THEN '{VersionStatus.WITHDRAWN}'
    WHEN time_said > 1 THEN '{VersionStatus.DUPLICATE}'
    WHEN MIN(preference) OVER (PARTITION BY {_EVENT}, is_withdrawn, {_SAYS}) = 1
        THEN '{VersionStatus.CURRENT}'
    ELSE '{VersionStatus.SUPERSEDED}'
END AS version_status
FROM ranked
) AS chosen
WHERE {_READING}.id = chosen.id AND {_READING}.read_at = chosen.read_at
    AND {_READING}.version_status <> chosen.version_status
"""


def resolve_versions(cursor: CursorWrapper) -> int:
    """Give every version of the events in `EVENTS` its standing.

    Runs inside the transaction, and under the lock, of what changed the versions.
    Returns how many readings stand otherwise than before.
    """
    cursor.execute(_verdicts())
    return int(cursor.rowcount)
