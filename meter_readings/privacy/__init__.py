"""Personal data: kept no longer than is set, handed over and erased on request.

An MPAN names somebody's home, so all that hangs on one is personal data (UK GDPR).
"""

from .audit import previous_requests
from .erasure import ErasedCounts, erase_mpan
from .retention import RetentionResult, Schedule, apply_retention
from .subject_access import NotImported, export_personal_data

__all__ = [
    "ErasedCounts",
    "NotImported",
    "RetentionResult",
    "Schedule",
    "apply_retention",
    "previous_requests",
    "erase_mpan",
    "export_personal_data",
]
