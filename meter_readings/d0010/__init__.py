"""The D0010 "Meter Readings" flow: its codes, grammar, parser and writer.

A library of its own: it knows no Django, no database, no settings and no clock.
"""

from . import codes, grammar, mpan
from .errors import Fault, FaultCode
from .fields import LONDON, YEARS, is_nonexistent, midnight
from .grammar import D0010, HEADER, TRAILER, Flow, Group
from .parser import FlowFileParser
from .records import (
    Entry,
    Header,
    MeterReadingType,
    MpanCore,
    OpenGroup,
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
    "Fault",
    "FaultCode",
    "Flow",
    "FlowFileParser",
    "Group",
    "Header",
    "MeterReadingType",
    "MpanCore",
    "OpenGroup",
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
