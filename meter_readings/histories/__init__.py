"""What was read at a meter point, and what is said about it, for people to look at.

Each question looks at a bounded number of rows, however many there are: it goes to
where they begin in an index, and takes the first.
"""

from .readings import (
    Event,
    current_readings,
    current_readings_before,
    event_of,
    latest_events,
    looked_through,
    versions_of_each,
)
from .registers import Register, RegisterKey, is_demand_register, registers_of
from .remarks import Passage, findings_about, passage_of, site_visits_of

__all__ = [
    "Event",
    "Passage",
    "Register",
    "RegisterKey",
    "current_readings",
    "current_readings_before",
    "event_of",
    "findings_about",
    "is_demand_register",
    "latest_events",
    "looked_through",
    "passage_of",
    "registers_of",
    "site_visits_of",
    "versions_of_each",
]
