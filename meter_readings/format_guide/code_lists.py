"""The guide's pages on the code lists of the catalogue."""

from __future__ import annotations

from meter_readings.d0010 import codes
from meter_readings.d0010.codes import CodeList

from .markdown import prose, section, table


def code_lists() -> str:
    """Return every list with the meaning of each code."""
    return "\n\n".join(
        (
            section(
                "## Code lists",
                prose("""
                    A code that is not listed is kept as it came and reported. The
                    catalogue grows; a reading is not lost for that.
                    """),
            ),
            _list(
                "BSC Validation Status (J0022)",
                "Of all the readings under a 026.",
                codes.BscValidationStatus,
            ),
            _reading_types(),
            _list(
                "Reading Method (J1888)",
                "The catalogue leaves the list empty; these two are what files bear.",
                codes.ReadingMethod,
            ),
            _list(
                "Meter Reading Reason Code (J0332)",
                "Which check a reading failed (032).",
                codes.ReasonCode,
            ),
            _list(
                "Site Visit Check Code (J0024)",
                "What was found at the premises (027), the meter (029) or the register "
                "(033). There is no 12.",
                codes.SiteVisitCheckCode,
            ),
        )
    )


def _list(heading: str, about: str, listed: type[CodeList]) -> str:
    rows = ((f"`{code}`", code.label) for code in listed)
    return section(f"### {heading}", prose(about), table(("Code", "Meaning"), rows))


def _reading_types() -> str:
    """Return the reading types, with the basis that follows from each."""
    rows = (
        (f"`{code}`", code.label, codes.basis_of(code).label)
        for code in codes.ReadingType
    )
    return section(
        "### Reading Type (J0171)",
        prose("""
            The third column is not the catalogue's: it is what this program derives for
            those who want to know whether a reading was taken, told, estimated or put
            right.
            """),
        table(("Code", "Meaning", "Basis"), rows),
        prose("""
            `W` takes an earlier reading of the same meter, register and time back. `Q`
            puts another value in its place. `D` is valid for Settlement and yet nobody
            measured it, so the next reading can be lower. `O` belongs to other flows
            (D0071, D0300).
            """),
    )
