"""Personal data: retention, erasure and subject access (UK GDPR).

An MPAN identifies a home, so everything stored with one is personal data.
"""

from .erasure import ErasedCounts, erase_mpan, erase_rows, vacuum_database
from .retention import RetentionResult, Schedule, apply_retention
from .stored_counts import erased_message, stored_counts
from .subject_access import NotImported, export_personal_data
from .subject_requests import previous_requests

__all__ = [
    "ErasedCounts",
    "NotImported",
    "RetentionResult",
    "Schedule",
    "apply_retention",
    "previous_requests",
    "erase_mpan",
    "erase_rows",
    "erased_message",
    "export_personal_data",
    "stored_counts",
    "vacuum_database",
]
