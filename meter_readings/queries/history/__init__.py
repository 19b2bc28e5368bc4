"""The history of meters: registers, readings, site visits and findings.

Each query reads a bounded number of rows, however many are stored: it begins at the
right position of an index and stops after the first rows.
"""

from .readings import (
    ReadingKey,
    current_readings,
    latest_reading_keys,
    previous_current_readings,
    reading_key,
    scan_limit,
    versions_per_key,
)
from .registers import (
    Register,
    RegisterKey,
    is_demand_register,
    latest_reading_ids,
    registers_of,
)
from .visits_and_findings import (
    MpanBlock,
    findings_in_blocks,
    mpan_blocks,
    site_visits_of,
)

__all__ = [
    "MpanBlock",
    "ReadingKey",
    "Register",
    "RegisterKey",
    "current_readings",
    "findings_in_blocks",
    "is_demand_register",
    "latest_reading_ids",
    "latest_reading_keys",
    "mpan_blocks",
    "previous_current_readings",
    "reading_key",
    "registers_of",
    "scan_limit",
    "site_visits_of",
    "versions_per_key",
]
