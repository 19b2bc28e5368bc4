"""D0010 format library: code lists, grammar, parser and writer of "Meter Readings".

It does not import Django and does not read the clock.
"""

from . import codes, grammar, mpan
from .field_types import LONDON, YEARS, is_nonexistent_local_time, midnight
from .grammar import D0010, HEADER, TRAILER, Flow, Group
from .issues import Issue, IssueCode, RepeatedIssue
from .parser import FlowFileParser
from .readings.block import ReadingBatch
from .readings.reader import Batch
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
    "Batch",
    "Entry",
    "Flow",
    "FlowFileParser",
    "Group",
    "Header",
    "Issue",
    "IssueCode",
    "MeterReadingType",
    "MpanCore",
    "ParentGroup",
    "ReadingBatch",
    "RegisterReading",
    "RepeatedIssue",
    "SiteVisit",
    "Trailer",
    "ValidationResult",
    "codes",
    "grammar",
    "is_nonexistent_local_time",
    "midnight",
    "mpan",
    "write_entries",
    "write_flow_file",
    "write_group",
]
