"""Meters without an issue: a pattern of their lines, and a check of 026 and 028."""

from __future__ import annotations

import re

from .codes import BscValidationStatus, ReadingType
from .grammar import Flow
from .mpan import distributor_of, has_valid_check_digit

_STATUSES = frozenset(map(str, BscValidationStatus))
_READING_TYPES = frozenset(map(str, ReadingType)) - {ReadingType.OLD_SUPPLIERS_ESTIMATE}


def meter_pattern(flow: Flow) -> re.Pattern[str]:
    """Return a pattern that finds a meter with its readings, or anything else.

    Its groups are the fields of the 026, which may be left out, those of the 028, the
    030s, and anything else: consecutive 030s without a 028, or one line.
    """
    mpan, meter = (rf"{re.escape(g.code)}\|" for g in (flow.mpan, flow.meter))
    readings = rf"(?:{re.escape(flow.reading.code)}\|.*+\n)++"
    # J0004 without spaces around it
    meter_id = r"[^| \n](?:[^|\n]{0,8}[^| \n])?"
    return re.compile(
        rf"(?:{mpan}([0-9]{{13}})\|([^|\n]?)\|\n)?"
        rf"{meter}({meter_id})\|([^|\n]?)\|\n({readings})"
        rf"|({readings}|.*+\n)"
    )


def has_no_issue(mpan_core: str, status: str, reading_type: str) -> bool:
    """Return whether texts that the pattern found have no issue.

    `mpan_core` is "" if there is no 026.
    """
    if reading_type not in _READING_TYPES:
        return False
    if not mpan_core:
        return True
    return (
        status in _STATUSES
        and distributor_of(mpan_core) is not None
        and has_valid_check_digit(mpan_core)
    )
