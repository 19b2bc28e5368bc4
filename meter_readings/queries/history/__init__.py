"""What was read at a meter point, and what is said about it, for people to look at.

Each question looks at a bounded number of rows, however many there are: it goes to
where they begin in an index, and takes the first.
"""

from .readings import (
    Event,
    current_readings,
    latest_reading_keys,
    looked_through,
    previous_current_readings,
    reading_key,
    versions_per_key,
)
from .registers import Register, RegisterKey, is_demand_register, registers_of
from .visits_and_findings import (
    MpanBlock,
    findings_in_blocks,
    mpan_block,
    site_visits_of,
)

__all__ = [
    "Event",
    "MpanBlock",
    "Register",
    "RegisterKey",
    "current_readings",
    "previous_current_readings",
    "reading_key",
    "findings_in_blocks",
    "is_demand_register",
    "latest_reading_keys",
    "looked_through",
    "mpan_block",
    "registers_of",
    "site_visits_of",
    "versions_per_key",
]
