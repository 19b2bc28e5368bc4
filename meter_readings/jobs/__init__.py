"""Background jobs: imports that a worker runs, on any backend of Django's tasks.

The row of the ImportJob is the truth, and a task only says that a job may wait: a
second delivery of the same task finds nothing to do.
"""

from .queue import (
    CannotCancel,
    CannotRetry,
    cancel,
    enqueue_import,
    is_immediate,
    retry,
    sweep,
)
from .uploads import upload_runner

__all__ = [
    "CannotCancel",
    "CannotRetry",
    "cancel",
    "enqueue_import",
    "is_immediate",
    "retry",
    "sweep",
    "upload_runner",
]
