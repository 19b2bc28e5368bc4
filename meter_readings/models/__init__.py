"""The shelves: what files said, kept as they said it.

FlowFile ◄─ Reading ─► Meter ─► MeterPoint, with SiteVisit and Finding beside them and
ImportJob for each attempt; apart from them, ApiToken. Readings and site visits are
received facts: rows are added by an import and taken away by its undoing, by age or by
an erasure, and never edited; only `standing`, which is derived, changes. SubjectRequest
tells what was erased or handed over. Integrity is the database's, so that bulk loading
cannot pass it by.
"""

from .api_token import ApiToken
from .findings import Finding, Severity
from .flow_files import FlowFile, Policy
from .import_jobs import ImportJob
from .meters import Meter, MeterPoint
from .readings import (
    ESTIMATED,
    NOT_CURRENT,
    NOT_ROUTINE,
    NOT_VALIDATED,
    Reading,
    ReadingQuerySet,
    Standing,
    VALUE_DIGITS,
    VALUE_PLACES,
    resting_on,
)
from .site_visits import SiteVisit
from .subject_requests import SubjectRequest

__all__ = [
    "ApiToken",
    "ESTIMATED",
    "Finding",
    "FlowFile",
    "ImportJob",
    "Meter",
    "MeterPoint",
    "NOT_CURRENT",
    "NOT_ROUTINE",
    "NOT_VALIDATED",
    "Policy",
    "Reading",
    "ReadingQuerySet",
    "Severity",
    "SiteVisit",
    "Standing",
    "SubjectRequest",
    "VALUE_DIGITS",
    "VALUE_PLACES",
    "resting_on",
]
