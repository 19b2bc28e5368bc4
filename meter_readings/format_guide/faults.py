"""The guide's page on what can be wrong with a file."""

from __future__ import annotations

from collections.abc import Iterator

from meter_readings.d0010 import FaultCode

from .markdown import prose, section, table

# The first fault under each heading, in the order in which faults are listed.
_HEADINGS = {
    FaultCode.EMPTY_FILE: "The file as a whole",
    FaultCode.BYTE_ORDER_MARK: "Characters and lines",
    FaultCode.UNKNOWN_GROUP: "The shape of groups",
    FaultCode.MISSING: "Cells",
    FaultCode.READ_IN_FUTURE: "Times",
    FaultCode.OLD_SUPPLIERS_ESTIMATE: "Readings",
}


def faults() -> str:
    """Return every kind of fault with its code and its sentence."""
    return section(
        "## What can be wrong",
        prose("""
            Each fault has a code, which never changes, and a sentence. It is reported
            with the line, the group, the cell, what was found there and what was
            expected. All the faults of a D0010 are found in one reading. Whoever wants
            to see one can have it made: `python manage.py make_d0010 --faults
            negative,orphan-group`.
            """),
        *_tables(),
    )


def _tables() -> Iterator[str]:
    rows: list[tuple[str, str]] = []
    for code in FaultCode:
        if code in _HEADINGS:
            if rows:
                yield table(("Code", "What is wrong"), rows)
            yield f"### {_HEADINGS[code]}"
            rows = []
        rows.append((f"`{code}`", code.sentence))
    yield table(("Code", "What is wrong"), rows)
