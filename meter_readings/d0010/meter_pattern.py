"""Meters without an issue: a pattern of their lines, and a check of 026 and 028."""

from __future__ import annotations

import re

from .codes import BscValidationStatus, ReadingType
from .grammar import Flow
from .mpan import distributor_of, has_valid_check_digit

_STATUSES = frozenset(map(str, BscValidationStatus))
_READING_TYPES = frozenset(map(str, ReadingType)) - {ReadingType.OLD_SUPPLIERS_ESTIMATE}


def meter_pattern(flow: Flow) -> re.Pattern[str]:
    """Return a pattern that finds a meter with its readings, or any other line.

    Its groups are the fields of the 026 and those of the 028, which may be left out,
    consecutive 030s, further 030s with the children of those before them, and a line.
    See `child_pattern`.
    """
    mpan, meter = (rf"{re.escape(g.code)}\|" for g in (flow.mpan, flow.meter))
    readings, result, visit = _lines_of_readings(flow)
    children = f"(?:{result}(?:{visit})?+|{visit})"
    # J0004 without spaces around it
    meter_id = r"[^| \n](?:[^|\n]{0,8}[^| \n])?"
    return re.compile(
        rf"(?:(?:{mpan}([0-9]{{13}})\|([^|\n]?)\|\n)?"
        rf"{meter}({meter_id})\|([^|\n]?)\|\n)?"
        rf"({readings})((?:{children}{readings})*+)"
        r"|(.*+\n)"
    )


def child_pattern(flow: Flow) -> re.Pattern[str]:
    """Return a pattern of the children of a 030 and the 030s that follow them.

    Its groups are a 032 and a 033, of which one may be left out, and consecutive 030s.
    """
    readings, result, visit = _lines_of_readings(flow)
    return re.compile(f"({result})?({visit})?({readings})")


def _lines_of_readings(flow: Flow) -> tuple[str, str, str]:
    """Return patterns of consecutive 030s, of one 032 and of one 033."""
    reading, result, visit = (
        rf"{re.escape(group.code)}\|.*+\n"
        for group in (flow.reading, flow.result, flow.reading_visit)
    )
    return f"(?:{reading})++", result, visit


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
