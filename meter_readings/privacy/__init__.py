"""Personal data: kept no longer than the schedule says, and erased on request.

An MPAN names somebody's home, so all that hangs on one is personal data (UK GDPR).
"""

from .erasure import Erased, ErasureResult, erase_mpan
from .requests import earlier_requests
from .retention import RetentionResult, Schedule, apply_retention

__all__ = [
    "Erased",
    "ErasureResult",
    "RetentionResult",
    "Schedule",
    "apply_retention",
    "earlier_requests",
    "erase_mpan",
]
