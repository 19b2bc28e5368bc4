"""The D0010 "Meter Readings" flow: its codes, grammar, parser and writer.

A library of its own: it knows no Django, no database, no settings and no clock.
"""

from . import codes, grammar, mpan
from .field_types import LONDON, YEARS, is_nonexistent, midnight
from .grammar import D0010, HEADER, TRAILER, Flow, Group
from .issues import Issue, IssueCode
from .parser import FlowFileParser
from .records import (
    Entry,
    Header,
    MeterReadingType,
    MpanCore,
    ParentGroup,
    RegisterReading,
    SiteVisit,
    Trailer,
    ValidationResult,
)
from .writer import write_entries, write_flow_file, write_group

__all__ = [
    "D0010",
    "HEADER",
    "LONDON",
    "TRAILER",
    "YEARS",
    "Entry",
    "Issue",
    "IssueCode",
    "Flow",
    "FlowFileParser",
    "Group",
    "Header",
    "MeterReadingType",
    "MpanCore",
    "ParentGroup",
    "RegisterReading",
    "SiteVisit",
    "Trailer",
    "ValidationResult",
    "codes",
    "grammar",
    "is_nonexistent",
    "midnight",
    "mpan",
    "write_entries",
    "write_flow_file",
    "write_group",
]
