"""The audit trail: who did what to which object, through which channel.

The functions that do something record it here. The actor is that of the request or the
command in which they run.
"""

from .actors import Actor, acting_as, command_actor, current_actor, system_username
from .details import details_text
from .exports import RecordedExport
from .maintenance import changing_texts, delete_events
from .recording import record, record_access

__all__ = [
    "Actor",
    "RecordedExport",
    "acting_as",
    "changing_texts",
    "command_actor",
    "current_actor",
    "delete_events",
    "details_text",
    "record",
    "record_access",
    "system_username",
]
