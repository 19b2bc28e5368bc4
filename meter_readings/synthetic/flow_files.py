"""Flow files of any size, generated one meter point at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta

from meter_readings.d0010 import HEADER, TRAILER, Header, IssueCode, midnight

from . import envelope
from .meter_points import MeterPoints
from .meters import METER_POINTS_PER_SEED
from .mutations import MUTATIONS, Target, mutate
from .shapes import Shape
from .times import (
    DAYS_PER_MONTH,
    EARLIEST_MONTH,
    LATEST_MONTH,
    MAX_TIMES_PER_DAY,
    month_after,
    month_number,
    reading_times,
)

FROM_DATE = date(2025, 1, 1)

# One byte per character, whatever the issues put into the file
ENCODING = "latin-1"


class InvalidOptions(ValueError):
    """The options cannot be combined into a flow file; the message says why."""


def flow_file_lines(
    *,
    meter_points: int,
    readings: int | None = None,
    seed: int = 1,
    month: int = 0,
    months: int = 1,
    from_date: date = FROM_DATE,
    issues: Sequence[IssueCode] = (),
    shape: Shape = Shape.PLAIN,
    file_identifier: str | None = None,
    created_at: datetime | None = None,
) -> Iterator[str]:
    """Return an iterator over the lines of a flow file, each with its line feed.

    The same arguments give the same lines everywhere. `readings` counts the 030 groups
    of the whole file; the default is two per meter point. They are taken within
    `months` months. The first of these is `month` months after the month of
    `from_date`; a larger `month` gives later readings of the same meters. A `shape`
    other than plain has unusual readings, none of them invalid. `created_at` (an aware
    datetime) defaults to the morning after the months, `file_identifier` to a number
    computed from the other options. Raise InvalidOptions if the options contradict each
    other.
    """
    if readings is None:
        readings = 2 * meter_points
    _validate_months(month_number(from_date) + month, months)
    _validate_numbers(meter_points, readings, months, issues)
    _validate_identifier(file_identifier)
    if issues and shape is not Shape.PLAIN:
        raise InvalidOptions("Issues can only be put into a plain file.")
    first_month = month_after(from_date, month)
    morning_after = midnight(month_after(first_month, months)) + timedelta(hours=6)
    kinds = issues if shape is Shape.PLAIN else (shape,)
    options = (meter_points, readings, seed, first_month, months, *kinds)
    header = envelope.header(
        file_identifier or envelope.file_identifier(*options),
        created_at or morning_after,
        shape.from_role,
    )
    readings_per_point = -(-readings // meter_points)
    times = reading_times(
        first_month=first_month, months=months, count=readings_per_point
    )
    is_special = readings_per_point > months * DAYS_PER_MONTH
    points = MeterPoints(meter_points, readings, seed, times, is_special, shape)
    return _lines(header, points, issues)


def _validate_months(first: int, months: int) -> None:
    """Raise InvalidOptions if a month is outside the years that a D0010 can write."""
    if months < 1:
        raise InvalidOptions("Readings need at least one month.")
    earliest, latest = month_number(EARLIEST_MONTH), month_number(LATEST_MONTH)
    if not earliest <= first <= latest - months:
        raise InvalidOptions("A D0010 can only write the years 1950 to 2199.")


def _validate_numbers(
    meter_points: int, readings: int, months: int, issues: Sequence[IssueCode]
) -> None:
    """Raise InvalidOptions if the numbers contradict each other."""
    if not 1 <= meter_points <= METER_POINTS_PER_SEED:
        maximum = f"{METER_POINTS_PER_SEED:,}"
        raise InvalidOptions(f"There can be 1 to {maximum} meter points.")
    if readings < meter_points:
        raise InvalidOptions("Every meter point needs at least one reading.")
    if readings > meter_points * months * DAYS_PER_MONTH * MAX_TIMES_PER_DAY:
        raise InvalidOptions("Too many readings per meter point: choose more months.")
    count = sum(MUTATIONS[code].target is Target.METER_POINT for code in issues)
    if count > meter_points:
        reason = f"{count} issues need at least {count} meter points, one per issue."
        raise InvalidOptions(reason)


def _validate_identifier(text: str | None) -> None:
    """Raise InvalidOptions if a file identifier cannot be written in a header."""
    if text and not re.fullmatch("[!-{}~]{1,10}", text):
        reason = "A file identifier (J1064) has at most ten characters and no pipe."
        raise InvalidOptions(reason)


def _lines(
    header: Header, points: MeterPoints, issues: Sequence[IssueCode]
) -> Iterator[str]:
    """Yield the lines of the file, with the issues put into their parts."""
    codes = {
        target: [code for code in issues if MUTATIONS[code].target is target]
        for target in Target
    }

    def mutate_part(lines: list[str], target: Target) -> list[str]:
        for code in codes[target]:
            lines = mutate(lines, header, code)
        return lines

    if codes[Target.WHOLE_FILE]:
        yield from mutate_part([], Target.WHOLE_FILE)
        return
    yield from mutate_part([envelope.line(HEADER, header)], Target.HEADER)
    issues_of_points = codes[Target.METER_POINT]
    code_at = {
        number * points.count // len(issues_of_points): code
        for number, code in enumerate(issues_of_points)
    }
    group_count = flow_count = 0
    for index in range(points.count):
        lines = mutate_part(points.lines_of(index), Target.EVERY_METER_POINT)
        if lines and index in code_at:
            lines = mutate(lines, header, code_at[index])
        group_count += len(lines)
        flow_count += len(lines) > 0
        yield from lines
    trailer = envelope.trailer(header, group_count=group_count, flow_count=flow_count)
    yield from mutate_part([envelope.line(TRAILER, trailer)], Target.TRAILER)
