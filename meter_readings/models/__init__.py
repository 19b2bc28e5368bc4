"""Database models: received flow files and the readings in them.

FlowFile ◄─ Reading ─► Meter ─► MeterPoint, with SiteVisit, Finding and ImportJob.
Readings and site visits are received facts. An import adds them; undo, retention and
erasure delete them; nothing edits them. A reading that a user entered belongs to a
Correction instead of a file. Only `version_status` changes, because it is derived.
Constraints are in the database, so that bulk loading cannot bypass them.
"""

from .api_token import ApiToken
from .audit_event import AUDIT_EVENT_ORDER, AuditEvent
from .constraints import VALUE_DIGITS, VALUE_PLACES
from .correction import Correction
from .data_version import DataVersion
from .finding import Finding, Severity
from .flow_file import FlowFile, Policy
from .import_job import (
    PSEUDONYM_LENGTH_SHOWN,
    STALLED_AFTER,
    ImportJob,
    ImportJobQuerySet,
    stalled_q,
)
from .meter import Meter, MeterPoint
from .meter_point_note import MeterPointNote
from .notification import Notification, NotificationDelivery, NotificationRule
from .overdue_reading import OVERDUE_READING_ORDER, OverdueReading
from .quality import DisabledQualityRule, QualityItem, QualityRun
from .reading import (
    ENTERED_Q,
    ESTIMATED_Q,
    NOT_CURRENT_Q,
    NOT_ROUTINE_Q,
    NOT_VALIDATED_Q,
    READING_ORDER,
    READING_ORDER_REVERSED,
    Reading,
    ReadingQuerySet,
    ReadingSource,
    VersionStatus,
    basis_q,
    is_suspect,
)
from .search_text import search_text
from .sender_schedule import SenderSchedule
from .site_visit import SiteVisit
from .subject_request import SubjectRequest, pseudonymise_mpan
from .watched_folder_status import WatchedFolderStatus

__all__ = [
    "AUDIT_EVENT_ORDER",
    "ApiToken",
    "AuditEvent",
    "Correction",
    "DataVersion",
    "DisabledQualityRule",
    "ENTERED_Q",
    "ESTIMATED_Q",
    "Finding",
    "FlowFile",
    "ImportJob",
    "ImportJobQuerySet",
    "Meter",
    "MeterPoint",
    "MeterPointNote",
    "NOT_CURRENT_Q",
    "NOT_ROUTINE_Q",
    "NOT_VALIDATED_Q",
    "Notification",
    "NotificationDelivery",
    "NotificationRule",
    "OVERDUE_READING_ORDER",
    "OverdueReading",
    "Policy",
    "PSEUDONYM_LENGTH_SHOWN",
    "QualityItem",
    "QualityRun",
    "READING_ORDER",
    "READING_ORDER_REVERSED",
    "Reading",
    "ReadingQuerySet",
    "ReadingSource",
    "STALLED_AFTER",
    "SenderSchedule",
    "Severity",
    "SiteVisit",
    "SubjectRequest",
    "VALUE_DIGITS",
    "VALUE_PLACES",
    "VersionStatus",
    "WatchedFolderStatus",
    "basis_q",
    "is_suspect",
    "pseudonymise_mpan",
    "search_text",
    "stalled_q",
]
