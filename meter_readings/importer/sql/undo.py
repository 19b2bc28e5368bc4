"""The statements that undo an import, in the order they run.

The parameter is the id of the flow file; FIND_AFFECTED_METERS has it three times.
"""

from __future__ import annotations

from . import METER, METER_POINT, READING, SITE_VISIT
from .reading_keys import has_another_version

# Find the reading keys of the file that have more than one version. Whether another
# file has one is not asked: that would look through all versions that this file has.
FIND_KEYS_WITH_OTHER_VERSIONS = f"""
INSERT INTO reading_key_to_resolve
SELECT DISTINCT reading.meter_id, reading.register_id, reading.read_at
FROM {READING} AS reading
WHERE reading.flow_file_id = %s AND {has_another_version("reading")}
"""

# Find the meters and meter points that the file names.
FIND_AFFECTED_METERS = f"""
INSERT INTO affected_meter
SELECT meter.id, meter.meter_point_id FROM {METER} AS meter WHERE meter.id IN (
    SELECT meter_id FROM {READING} WHERE flow_file_id = %s
    UNION SELECT meter_id FROM {SITE_VISIT} WHERE flow_file_id = %s
)
UNION ALL
SELECT DISTINCT CAST(NULL AS bigint), meter_point_id FROM {SITE_VISIT}
WHERE flow_file_id = %s AND meter_id IS NULL
"""

DELETE_READINGS = f"DELETE FROM {READING} WHERE flow_file_id = %s"

DELETE_SITE_VISITS = f"DELETE FROM {SITE_VISIT} WHERE flow_file_id = %s"

# Forget the affected meters that still have site visits.
KEEP_METERS_WITH_SITE_VISITS = f"""
DELETE FROM affected_meter WHERE meter_id IS NOT NULL AND (
    SELECT 1 FROM {SITE_VISIT} AS visit
    WHERE visit.meter_id = affected_meter.meter_id LIMIT 1
) IS NOT NULL
"""


def keep_meters_with_readings(table: str) -> str:
    """Return the statement that forgets the affected meters with readings in a table.

    The table is that of all readings or a partition of it. A partition that has only
    meters with greater or smaller ids is not asked for any meter: most meters are newer
    than most years.
    """
    return f"""
DELETE FROM affected_meter
WHERE meter_id >= (SELECT MIN(meter_id) FROM {table})
    AND meter_id <= (SELECT MAX(meter_id) FROM {table})
    AND (
        SELECT 1 FROM {table} AS reading
        WHERE reading.meter_id = affected_meter.meter_id LIMIT 1
    ) IS NOT NULL
"""


# Delete the meters that no other file names.
DELETE_ORPHAN_METERS = f"""
DELETE FROM {METER} WHERE id IN (SELECT meter_id FROM affected_meter)
"""

# Delete the affected meter points that no other file names.
DELETE_ORPHAN_METER_POINTS = f"""
DELETE FROM {METER_POINT} WHERE id IN (
    SELECT affected.meter_point_id FROM affected_meter AS affected
    WHERE NOT EXISTS (
        SELECT 1 FROM {METER} WHERE meter_point_id = affected.meter_point_id
    ) AND NOT EXISTS (
        SELECT 1 FROM {SITE_VISIT} WHERE meter_point_id = affected.meter_point_id
    )
)
"""
