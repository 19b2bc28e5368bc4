"""Personal data: kept no longer than is set, handed over and erased on request.

An MPAN names somebody's home, so all that hangs on one is personal data (UK GDPR).
"""

from .erasure import ErasedCounts, erase_mpan
from .requests import earlier_requests
from .retention import RetentionResult, Schedule, apply_retention
from .subject_access import NothingHeld, export_subject

__all__ = [
    "ErasedCounts",
    "NothingHeld",
    "RetentionResult",
    "Schedule",
    "apply_retention",
    "earlier_requests",
    "erase_mpan",
    "export_subject",
]
