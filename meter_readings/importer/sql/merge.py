"""The statements that turn staged rows into rows of a file, in the order they run.

Each handles all rows at once. Parameters: the id of the flow file and, for some, the
highest meter id before the import (a meter with a greater id is new).
"""

from __future__ import annotations

from meter_readings.d0010.codes import ReadingType
from meter_readings.importer.findings import MAX_STORED_PER_RULE
from meter_readings.models import VersionStatus

from . import CHANGED_AT, FLOW_FILE, METER, METER_POINT, READING, SITE_VISIT
from .reading_keys import same_key


def _null_safe_equal(column: str) -> str:
    stored, staged = f"stored.{column}", f"staged.{column}"
    return f"({stored} = {staged} OR ({stored} IS NULL AND {staged} IS NULL))"


# The meter point of a staged line, which is stored by then. As a subquery it is found
# by the index; SQLite would join by reading all meter points for each line if its
# statistics know only one.
_METER_POINT_ID = (
    f"SELECT point.id FROM {METER_POINT} AS point WHERE point.mpan = staged.mpan"
)

LATEST_METER_ID = f"SELECT COALESCE(MAX(id), 0) FROM {METER}"

# Insert the meter points that the file names and the database lacks. Ids follow the
# order of the lines, so that the readings of neighbours are neighbours in the index.
INSERT_METER_POINTS = f"""
INSERT INTO {METER_POINT} (mpan)
SELECT staged.mpan FROM (
    SELECT mpan, line_number FROM staged_meter
    UNION ALL SELECT mpan, line_number FROM staged_visit
) AS staged
WHERE NOT EXISTS (SELECT 1 FROM {METER_POINT} AS stored WHERE stored.mpan = staged.mpan)
GROUP BY staged.mpan ORDER BY MIN(staged.line_number)
"""

# Insert the new meters, in the order of the lines too.
INSERT_METERS = f"""
INSERT INTO {METER} (meter_point_id, serial_number)
SELECT staged.meter_point_id, staged.serial_number FROM (
    SELECT ({_METER_POINT_ID}) AS meter_point_id, staged.serial_number,
        staged.line_number
    FROM staged_meter AS staged
) AS staged
WHERE NOT EXISTS (
    SELECT 1 FROM {METER} AS stored
    WHERE stored.meter_point_id = staged.meter_point_id
        AND stored.serial_number = staged.serial_number
)
GROUP BY staged.meter_point_id, staged.serial_number ORDER BY MIN(staged.line_number)
"""

# Find the meter of each 028 line. A meter is known if it was stored before the import.
# The lines come first, by CROSS JOIN: SQLite keeps that order, and would else read the
# whole file for each meter if its statistics know only a few.
RESOLVE_METERS = f"""
INSERT INTO resolved_meter
SELECT staged.line_number, staged.mpan_line_number, meter.id, meter.meter_point_id,
    staged.serial_number, staged.reading_type, staged.bsc_validation_status,
    meter.id <= %s
FROM staged_meter AS staged CROSS JOIN {METER} AS meter
WHERE meter.meter_point_id = ({_METER_POINT_ID})
    AND meter.serial_number = staged.serial_number
"""

COUNT_KNOWN_METERS = "SELECT COUNT(*) FROM resolved_meter WHERE is_known"


# Find the reading keys of known meters that occur more than once in the file.
INSERT_REPEATED_KEYS = """
INSERT INTO repeated_key
SELECT meter.meter_id, staged.register_id, staged.read_at
FROM staged_reading AS staged
JOIN resolved_meter AS meter ON meter.line_number = staged.meter_line_number
WHERE meter.is_known
GROUP BY meter.meter_id, staged.register_id, staged.read_at HAVING COUNT(*) > 1
"""


def find_competing_readings(other_file_order: str, this_file_order: str) -> str:
    """Return the statement that finds the readings whose key has a stored version.

    A reading that repeats the current version of its reading key, where no file that
    comes after this one in the order of versions has that key, and no user corrected
    it, is a duplicate and changes no other version: it needs no resolution. Keys that
    the file repeats are left out: they are resolved in any case, and their stored
    versions would be read again for each repetition.

    It runs before the readings are inserted. PostgreSQL knows then how large each
    partition is; in the same statement it would read a partition that was empty before
    as a whole for each reading. The file of a stored version is looked up by a
    subquery: a join could read all flow files for each reading. MATERIALIZED, because
    PostgreSQL would else look up the versions twice.
    """
    return f"""
INSERT INTO competing_reading
WITH compared AS MATERIALIZED (
    SELECT staged.line_number, meter.meter_id, staged.register_id, staged.read_at, (
        SELECT MAX(CASE
            WHEN stored.correction_id IS NOT NULL OR (
                SELECT ({other_file_order}) > (
                    SELECT {this_file_order} FROM {FLOW_FILE} AS this
                    WHERE this.id = %(flow_file)s
                ) FROM {FLOW_FILE} AS other WHERE other.id = stored.flow_file_id
            ) THEN 2
            WHEN stored.version_status = '{VersionStatus.CURRENT}'
                AND stored.value = staged.value
                AND stored.reading_type = meter.reading_type
                AND stored.bsc_validation_status = meter.bsc_validation_status
                AND {_null_safe_equal("meter_reading_flag")}
                AND {_null_safe_equal("meter_reading_status")}
            THEN 1
            ELSE 0
        END)
        FROM {READING} AS stored
        WHERE {same_key("stored", "meter.meter_id", "staged")}
    ) AS competition
    FROM staged_reading AS staged
    JOIN resolved_meter AS meter ON meter.line_number = staged.meter_line_number
    WHERE meter.is_known AND (
        meter.meter_id, staged.register_id, staged.read_at
    ) NOT IN (SELECT meter_id, register_id, read_at FROM repeated_key)
)
SELECT line_number, meter_id, register_id, read_at, competition = 1
FROM compared WHERE competition IS NOT NULL
"""


INSERT_READINGS = f"""
INSERT INTO {READING} (
    flow_file_id, line_number, mpan_line_number, meter_line_number, meter_id,
    register_id, read_at, value, reading_type, bsc_validation_status, md_reset_at,
    md_reset_count, meter_reading_flag, reading_method, reason_code,
    meter_reading_status, source_lines, changed_at, version_status
)
SELECT %(flow_file)s, staged.line_number, meter.mpan_line_number, meter.line_number,
    meter.meter_id, staged.register_id, staged.read_at, staged.value,
    meter.reading_type, meter.bsc_validation_status, staged.md_reset_at,
    staged.md_reset_count, staged.meter_reading_flag, staged.reading_method,
    staged.reason_code, staged.meter_reading_status, staged.source_lines,
    {CHANGED_AT},
    CASE
        WHEN meter.reading_type = '{ReadingType.WITHDRAWN}'
            THEN '{VersionStatus.WITHDRAWN}'
        WHEN competing.is_duplicate THEN '{VersionStatus.DUPLICATE}'
        ELSE '{VersionStatus.CURRENT}'
    END
FROM staged_reading AS staged
JOIN resolved_meter AS meter ON meter.line_number = staged.meter_line_number
LEFT JOIN competing_reading AS competing ON competing.line_number = staged.line_number
"""

# Insert the site visits, in the order of the lines; one under a 026 has no meter.
INSERT_SITE_VISITS = f"""
INSERT INTO {SITE_VISIT} (
    flow_file_id, line_number, "group", mpan_line_number, meter_line_number,
    reading_line_number, meter_point_id, meter_id, check_code,
    additional_information, bsc_validation_status, reading_type
)
SELECT %s, staged.line_number, staged."group", staged.mpan_line_number,
    staged.meter_line_number, staged.reading_line_number, ({_METER_POINT_ID}),
    meter.meter_id, staged.check_code, staged.additional_information,
    staged.bsc_validation_status, COALESCE(meter.reading_type, '')
FROM staged_visit AS staged
LEFT JOIN resolved_meter AS meter ON meter.line_number = staged.meter_line_number
ORDER BY staged.line_number
"""

# Find the reading keys of new meters that occur more than once in the file. The index
# has them in order.
INSERT_REPEATED_KEYS_OF_NEW_METERS = f"""
INSERT INTO repeated_key
SELECT meter_id, register_id, read_at FROM {READING} WHERE meter_id > %s
GROUP BY meter_id, register_id, read_at HAVING COUNT(*) > 1
"""

# Find the reading keys with several versions, unless the file only repeats the current
# one.
INSERT_KEYS_TO_RESOLVE = """
INSERT INTO reading_key_to_resolve
SELECT meter_id, register_id, read_at FROM competing_reading WHERE NOT is_duplicate
UNION ALL SELECT meter_id, register_id, read_at FROM repeated_key
"""

COUNT_REPEATED_KEYS = "SELECT COUNT(*) FROM repeated_key"


# Count the readings of the file that now supersede another version. A key has at most
# one current reading. Scalar subqueries are answered for each key apart; PostgreSQL may
# join all keys with all readings. Its statistics do not know the file and expect one
# reading of it; "+ 0" hides the column from them.
COUNT_SUPERSEDING = f"""
SELECT COUNT(*) FROM reading_key_to_resolve AS reading_key WHERE (
    SELECT 1 FROM {READING} AS reading
    WHERE {same_key("reading", "reading_key.meter_id", "reading_key")}
        AND reading.flow_file_id + 0 = %(flow_file)s
        AND reading.version_status = '{VersionStatus.CURRENT}' LIMIT 1
) IS NOT NULL AND (
    SELECT 1 FROM {READING} AS other
    WHERE {same_key("other", "reading_key.meter_id", "reading_key")}
        AND other.version_status = '{VersionStatus.SUPERSEDED}' LIMIT 1
) IS NOT NULL
"""

# Count the readings of the file by version status, in one pass: GROUP BY would sort a
# million rows first.
COUNT_BY_VERSION_STATUS = f"""
SELECT COUNT(CASE WHEN version_status = '{VersionStatus.DUPLICATE}' THEN 1 END),
    COUNT(CASE WHEN version_status = '{VersionStatus.SUPERSEDED}' THEN 1 END),
    COUNT(CASE WHEN version_status = '{VersionStatus.WITHDRAWN}' THEN 1 END)
FROM {READING} WHERE flow_file_id = %s
"""

# Findings that need the database. Each row is a line number, the value found there,
# and the number of all such lines, of which only the first are selected.

# New meters whose serial number another meter point has too. Each serial number is
# looked up once, however many meters have it.
SERIAL_NUMBERS_AT_OTHER_MPANS = f"""
SELECT MIN(line_number), serial_number, COUNT(*) OVER () FROM resolved_meter
WHERE NOT is_known AND serial_number IN (
    SELECT serial_number FROM {METER}
    WHERE serial_number IN (SELECT serial_number FROM resolved_meter WHERE NOT is_known)
    GROUP BY serial_number HAVING COUNT(*) > 1
)
GROUP BY meter_point_id, serial_number
ORDER BY MIN(line_number) LIMIT {MAX_STORED_PER_RULE}
"""

COUNT_WITHDRAWING_METERS = (
    "SELECT COUNT(*) FROM resolved_meter"
    f" WHERE reading_type = '{ReadingType.WITHDRAWN}'"
)

# Withdrawals of the file before which no version of the reading exists. The versions of
# a reading key are looked through once, for its first withdrawal.
UNMATCHED_WITHDRAWALS = f"""
WITH withdrawal AS (
    SELECT staged.line_number, meter.meter_id, staged.register_id, staged.read_at,
        ROW_NUMBER() OVER (
            PARTITION BY meter.meter_id, staged.register_id, staged.read_at
            ORDER BY staged.line_number
        ) AS occurrence
    FROM staged_reading AS staged
    JOIN resolved_meter AS meter ON meter.line_number = staged.meter_line_number
    WHERE meter.reading_type = '{ReadingType.WITHDRAWN}'
), compared AS (
    SELECT line_number, register_id, MAX(
        CASE WHEN occurrence > 1 THEN 0 WHEN EXISTS (
            SELECT 1 FROM {READING} AS withdrawn
            WHERE withdrawn.meter_id = withdrawal.meter_id
                AND withdrawn.register_id = withdrawal.register_id
                AND withdrawn.read_at = withdrawal.read_at
                AND withdrawn.reading_type <> '{ReadingType.WITHDRAWN}'
                AND withdrawn.version_status = '{VersionStatus.WITHDRAWN}'
        ) THEN 1 ELSE 0 END
    ) OVER (PARTITION BY meter_id, register_id, read_at) AS is_matched
    FROM withdrawal
)
SELECT line_number, register_id, COUNT(*) OVER () FROM compared WHERE is_matched = 0
ORDER BY line_number LIMIT {MAX_STORED_PER_RULE}
"""

# Reading keys for which the file has different values. Their readings are looked up for
# each key apart, as above.
CONFLICTS_IN_FILE = f"""
WITH compared AS (
    SELECT reading_key.register_id, (
        SELECT CASE WHEN MIN(reading.value) < MAX(reading.value)
            THEN MAX(reading.line_number) END
        FROM {READING} AS reading
        WHERE {same_key("reading", "reading_key.meter_id", "reading_key")}
            AND reading.flow_file_id + 0 = %(flow_file)s
            AND reading.reading_type <> '{ReadingType.WITHDRAWN}'
    ) AS line_number
    FROM repeated_key AS reading_key
)
SELECT line_number, register_id, COUNT(*) OVER () FROM compared
WHERE line_number IS NOT NULL
ORDER BY line_number LIMIT {MAX_STORED_PER_RULE}
"""
