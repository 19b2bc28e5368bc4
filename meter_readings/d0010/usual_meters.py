"""Usual meters: a 026, a 028 and its 030s, of which the first two have no issue."""

from __future__ import annotations

import re

from .codes import ReadingType
from .grammar import Flow
from .issues import IssueCode
from .mpan import is_usual_mpan


class UsualMeters:
    """Tells by the texts of a 026 and a 028 whether they have an issue."""

    def __init__(self, flow: Flow) -> None:
        self._status = flow.mpan.fields[1]
        self._reading_type = flow.meter.fields[1]
        # By BSC validation status and reading type
        self._are_usual: dict[tuple[str, str], bool] = {}

    def include(self, mpan_core: str, status: str, reading_type: str) -> bool:
        """Return whether a meter is usual; `mpan_core` is "" if it has no 026."""
        if mpan_core and not is_usual_mpan(mpan_core):
            return False
        codes = status if mpan_core else "V", reading_type
        if codes not in self._are_usual:
            self._are_usual[codes] = self._have_no_issue(*codes)
        return self._are_usual[codes]

    def _have_no_issue(self, status: str, reading_type: str) -> bool:
        # A text of one character has a value, but the value may have an issue.
        issues: list[IssueCode] = []
        self._status.read(status, lambda code, _: issues.append(code))
        self._reading_type.read(reading_type, lambda code, _: issues.append(code))
        return not issues and reading_type != ReadingType.OLD_SUPPLIERS_ESTIMATE


def pieces_pattern(flow: Flow) -> re.Pattern[str]:
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
