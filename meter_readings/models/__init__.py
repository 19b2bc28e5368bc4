"""The shelves: what files said, kept as they said it.

FlowFile ◄─ Reading ─► Meter ─► MeterPoint, with SiteVisit and Finding beside them and
ImportJob for each attempt; apart from them, ApiToken. Readings and site visits are
received facts: rows are added by an import and taken away by its undoing, by age or by
an erasure, and never edited; only `version_status`, which is derived, changes. SubjectRequest
tells what was erased or handed over. Integrity is the database's, so that bulk loading
cannot pass it by.
"""

from .api_token import ApiToken
from .finding import Finding, Severity
from .flow_file import FlowFile, Policy
from .import_job import ImportJob
from .meter import Meter, MeterPoint
from .reading import (
    ESTIMATED,
    NOT_CURRENT_Q,
    NOT_ROUTINE_Q,
    NOT_VALIDATED_Q,
    VALUE_DIGITS,
    VALUE_PLACES,
    Reading,
    ReadingQuerySet,
    VersionStatus,
    basis_q,
)
from .site_visit import SiteVisit
from .subject_request import SubjectRequest

__all__ = [
    "ApiToken",
    "ESTIMATED",
    "Finding",
    "FlowFile",
    "ImportJob",
    "Meter",
    "MeterPoint",
    "NOT_CURRENT_Q",
    "NOT_ROUTINE_Q",
    "NOT_VALIDATED_Q",
    "Policy",
    "Reading",
    "ReadingQuerySet",
    "Severity",
    "SiteVisit",
    "VersionStatus",
    "SubjectRequest",
    "VALUE_DIGITS",
    "VALUE_PLACES",
    "basis_q",
]
