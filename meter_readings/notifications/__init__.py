"""Notifications: an outbox that an import writes to, and the senders that empty it.

An import records what happened in its own transaction. `send_due` sends it later, in
another process, so neither a mail server nor a template can delay or undo an import.
"""

from .digest import write_digests
from .folder_errors import record_folder_errors
from .late_files import record_late_files
from .outbox import (
    Occurrence,
    delete_old,
    record,
    record_failed_jobs,
    record_flow_file,
    resend,
)
from .sender import SendResult, send_due
from .webhooks import generate_secret, url_problem

__all__ = [
    "Occurrence",
    "SendResult",
    "delete_old",
    "generate_secret",
    "record",
    "record_failed_jobs",
    "record_flow_file",
    "record_folder_errors",
    "record_late_files",
    "resend",
    "send_due",
    "url_problem",
    "write_digests",
]
