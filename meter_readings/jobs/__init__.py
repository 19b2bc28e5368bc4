"""Background jobs: what a worker runs, on any backend of Django's tasks.

The row of the ImportJob is the truth, and a task only says that a job may wait: a
second delivery of the same task finds nothing to do.
"""

from .exports import may_download, open_download, record_download
from .queue import (
    CannotCancel,
    CannotRetry,
    can_cancel,
    can_retry,
    cancel,
    required_permission,
    retry,
    sweep,
)
from .requests import (
    enqueue_clear,
    enqueue_erasure,
    enqueue_export,
    enqueue_import,
    enqueue_reprocess,
    enqueue_undo,
    is_immediate,
)
from .uploads import upload_runner

__all__ = [
    "CannotCancel",
    "CannotRetry",
    "can_cancel",
    "can_retry",
    "cancel",
    "enqueue_clear",
    "enqueue_erasure",
    "enqueue_export",
    "enqueue_import",
    "enqueue_reprocess",
    "enqueue_undo",
    "is_immediate",
    "may_download",
    "open_download",
    "record_download",
    "required_permission",
    "retry",
    "sweep",
    "upload_runner",
]
