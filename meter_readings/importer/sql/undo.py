"""The statements that undo an import, in the order they run.

The parameter is the id of the flow file; FIND_AFFECTED_METERS has it three times.
"""

from __future__ import annotations

from . import METER, METER_POINT, READING, SITE_VISIT

# Find the reading keys of the file for which other files have versions too.
FIND_SHARED_READING_KEYS = f"""
INSERT INTO reading_key_to_resolve
SELECT DISTINCT undone.meter_id, undone.register_id, undone.read_at
FROM {READING} AS undone
WHERE undone.flow_file_id = %s AND EXISTS (
    SELECT 1 FROM {READING} AS other
    WHERE other.meter_id = undone.meter_id
        AND other.register_id = undone.register_id
        AND other.read_at = undone.read_at
        AND other.flow_file_id <> undone.flow_file_id
)
"""

# Find the meters and meter points that the file names.
FIND_AFFECTED_METERS = f"""
INSERT INTO affected_meter
SELECT meter.id, meter.meter_point_id FROM {METER} AS meter WHERE meter.id IN (
    SELECT meter_id FROM {READING} WHERE flow_file_id = %s
    UNION SELECT meter_id FROM {SITE_VISIT} WHERE flow_file_id = %s
)
UNION ALL
SELECT NULL, meter_point_id FROM {SITE_VISIT}
WHERE flow_file_id = %s AND meter_id IS NULL
"""

DELETE_READINGS = f"DELETE FROM {READING} WHERE flow_file_id = %s"

DELETE_SITE_VISITS = f"DELETE FROM {SITE_VISIT} WHERE flow_file_id = %s"

# Delete the affected meters that no other file names.
DELETE_ORPHAN_METERS = f"""
DELETE FROM {METER} WHERE id IN (SELECT meter_id FROM affected_meter)
    AND NOT EXISTS (SELECT 1 FROM {READING} WHERE meter_id = {METER}.id)
    AND NOT EXISTS (SELECT 1 FROM {SITE_VISIT} WHERE meter_id = {METER}.id)
"""

# Delete the affected meter points that no other file names.
DELETE_ORPHAN_METER_POINTS = f"""
DELETE FROM {METER_POINT} WHERE id IN (SELECT meter_point_id FROM affected_meter)
    AND NOT EXISTS (SELECT 1 FROM {METER} WHERE meter_point_id = {METER_POINT}.id)
    AND NOT EXISTS (SELECT 1 FROM {SITE_VISIT} WHERE meter_point_id = {METER_POINT}.id)
"""
