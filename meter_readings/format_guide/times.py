"""The guide's page on times: whose clock, which midnight, and what summer time does."""

from __future__ import annotations

from .markdown import prose, section, table


def times() -> str:
    """Return how the time of a reading is to be understood."""
    return section(
        "## Times",
        prose("""
            Every time in a D0010 is local time in Great Britain, summer time included.
            Nothing in the file says which; it follows from the date.
            """),
        table(
            ("A file says", "It means"),
            (
                (
                    "`20260115000000`",
                    "The beginning of 15 January. Readings that are not half-hourly "
                    "are always given at midnight, whenever they were taken.",
                ),
                (
                    "`20260115143500`",
                    "25 minutes to three in the afternoon. Only special readings (type "
                    "`S`) bear their true time; with another type it is reported.",
                ),
                (
                    "`20260114235959`",
                    "The same midnight as in the first row, as a half-hourly collector "
                    "writes it.",
                ),
                (
                    "`20251026013000`",
                    "Half past one came twice in that night, when the clocks went "
                    "back. The first is taken, and that is reported.",
                ),
                (
                    "`20260329013000`",
                    "Half past one never came in that night, when the clocks went "
                    "forward. An hour later is taken, and that is reported.",
                ),
                ("`20260115240000`", "Nothing: midnight is `000000` of the next day."),
                ("`20260115`", "Nothing: hours, minutes and seconds are missing."),
            ),
        ),
        prose("""
            Days between two readings are counted by the calendar, from date to date.
            Half of the year, midnight in London is eleven in the evening by universal
            time, so counting in universal time would be wrong by a day at the change.
            """),
    )
