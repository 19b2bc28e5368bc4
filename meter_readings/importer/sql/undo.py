"""The statements that undo an import, in the order they run.

The parameter is the id of the flow file; FIND_AFFECTED_METERS has it three times.
"""

from __future__ import annotations

from . import METER, METER_POINT, READING, SITE_VISIT
from .reading_keys import has_other_versions

# Find the reading keys of the file that have more than one version. Whether another
# file has one is not asked: that would look through all versions that this file has.
FIND_KEYS_WITH_OTHER_VERSIONS = f"""
INSERT INTO reading_key_to_resolve
SELECT meter_id, register_id, read_at FROM (
    SELECT DISTINCT meter_id, register_id, read_at FROM {READING}
    WHERE flow_file_id = %s
) AS reading_key
WHERE {has_other_versions("reading_key")}
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

# Delete the affected meters that no other file names. What else names them is asked of
# the affected meters: PostgreSQL, which expects none to be left, would else read all of
# them for each meter. SQLite would read all site visits for each row without a meter.
DELETE_ORPHAN_METERS = f"""
DELETE FROM {METER} WHERE id IN (
    SELECT affected.meter_id FROM affected_meter AS affected
    WHERE affected.meter_id IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM {READING} WHERE meter_id = affected.meter_id)
        AND NOT EXISTS (SELECT 1 FROM {SITE_VISIT} WHERE meter_id = affected.meter_id)
)
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
