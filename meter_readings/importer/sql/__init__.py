"""SQL statements of the importer, the same for PostgreSQL and SQLite."""

from __future__ import annotations

from meter_readings.models import (
    Correction,
    FlowFile,
    Meter,
    MeterPoint,
    Reading,
    SiteVisit,
)

CORRECTION = Correction._meta.db_table
FLOW_FILE = FlowFile._meta.db_table
METER = Meter._meta.db_table
METER_POINT = MeterPoint._meta.db_table
READING = Reading._meta.db_table
SITE_VISIT = SiteVisit._meta.db_table

# The time of the change in progress: the flow file or correction that causes it is
# saved first, and its time is later than that of every earlier change.
CHANGED_AT = (
    "(SELECT MAX(changed_at) FROM ("
    f"SELECT MAX(changed_at) AS changed_at FROM {FLOW_FILE}"
    f" UNION ALL SELECT MAX(changed_at) FROM {CORRECTION}) AS change)"
)
