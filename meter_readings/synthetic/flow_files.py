"""Flow files of any size, valid or with chosen faults, a meter point at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import batched
from typing import BinaryIO

from meter_readings.d0010 import HEADER, TRAILER, FaultCode, Header

from . import parts
from .faults import place_of, spoilt
from .meter_points import MeterPoints
from .meters import METER_POINTS_A_SEED
from .spoilings import Place
from .times import (
    DAYS_A_MONTH,
    EARLIEST_MONTH,
    LATEST_MONTH,
    MOST_TIMES_A_DAY,
    midnight,
    month_after,
    month_number,
    slots,
)

FROM_DATE = date(2025, 1, 1)

# How many lines are written together.
_LINES_AT_ONCE = 8192


class ImpossibleFlowFile(ValueError):
    """A flow file was asked for that cannot be made; the message says why."""


def flow_file_lines(
    *,
    meter_points: int,
    readings: int | None = None,
    seed: int = 1,
    month: int = 0,
    months: int = 1,
    from_date: date = FROM_DATE,
    faults: Sequence[FaultCode] = (),
    file_identifier: str | None = None,
    created_at: datetime | None = None,
) -> Iterator[str]:
    """Return the lines of a flow file, each with its line end, one at a time.

    The same arguments give the same lines everywhere. `readings` counts the 030s of
    the whole file, two for each meter point unless it is given. They are taken within
    `months` months, the first of which comes `month` months after that of `from_date`:
    the same meters, read later. Unless it is given, `created_at` (an aware datetime) is
    the morning after those months, and `file_identifier` follows from the rest.
    """
    if readings is None:
        readings = 2 * meter_points
    _refuse_impossible_months(month_number(from_date) + month, months)
    _refuse_impossible_numbers(meter_points, readings, months, faults)
    _refuse_impossible_identifier(file_identifier)
    first_month = month_after(from_date, month)
    morning_after = midnight(month_after(first_month, months)) + timedelta(hours=6)
    asked = (meter_points, readings, seed, first_month, months, *faults)
    header = parts.header(
        file_identifier or parts.file_identifier(*asked), created_at or morning_after
    )
    most = -(-readings // meter_points)
    times = slots(first_month=first_month, months=months, count=most)
    is_special = most > months * DAYS_A_MONTH
    points = MeterPoints(meter_points, readings, seed, times, is_special)
    return _lines(header, points, faults)


def write_lines(stream: BinaryIO, lines: Iterable[str]) -> None:
    """Write lines to a binary stream, a byte for every character."""
    for some in batched(lines, _LINES_AT_ONCE):
        stream.write("".join(some).encode("latin-1"))


def _refuse_impossible_months(first: int, months: int) -> None:
    """Raise ImpossibleFlowFile where the months, numbered, cannot be written."""
    if months < 1:
        raise ImpossibleFlowFile("Readings need at least one month.")
    earliest, latest = month_number(EARLIEST_MONTH), month_number(LATEST_MONTH)
    if not earliest <= first <= latest - months:
        raise ImpossibleFlowFile("A D0010 can name the years from 1950 to 2199 only.")


def _refuse_impossible_numbers(
    meter_points: int, readings: int, months: int, faults: Sequence[FaultCode]
) -> None:
    """Raise ImpossibleFlowFile where the numbers do not go together."""
    if not 1 <= meter_points <= METER_POINTS_A_SEED:
        most = f"{METER_POINTS_A_SEED:,}"
        raise ImpossibleFlowFile(f"There can be 1 to {most} meter points.")
    if readings < meter_points:
        raise ImpossibleFlowFile("Every meter point needs at least one reading.")
    if readings > meter_points * months * DAYS_A_MONTH * MOST_TIMES_A_DAY:
        raise ImpossibleFlowFile("So many readings of one meter need more months.")
    count = sum(place_of(code) is Place.METER_POINT for code in faults)
    if count > meter_points:
        reason = f"{count} faults need {count} meter points, one for each to spoil."
        raise ImpossibleFlowFile(reason)


def _refuse_impossible_identifier(text: str | None) -> None:
    """Raise ImpossibleFlowFile where a file identifier cannot stand in a header."""
    if text and not re.fullmatch("[!-{}~]{1,10}", text):
        reason = "A file identifier (J1064) is ten characters at most, and no pipe."
        raise ImpossibleFlowFile(reason)


def _lines(
    header: Header, points: MeterPoints, faults: Sequence[FaultCode]
) -> Iterator[str]:
    """Yield the file part by part, each with the faults that belong to it."""
    codes = {
        place: [code for code in faults if place_of(code) is place] for place in Place
    }

    def spoil(lines: list[str], place: Place) -> list[str]:
        for code in codes[place]:
            lines = spoilt(lines, header, code)
        return lines

    if codes[Place.WHOLE_FILE]:
        yield from spoil([], Place.WHOLE_FILE)
        return
    yield from spoil([parts.line(HEADER, header)], Place.HEADER)
    spread = codes[Place.METER_POINT]
    code_at = {
        number * points.count // len(spread): code for number, code in enumerate(spread)
    }
    group_count = flow_count = 0
    for index in range(points.count):
        lines = spoil(points.lines_of(index), Place.EVERY_METER_POINT)
        if lines and index in code_at:
            lines = spoilt(lines, header, code_at[index])
        group_count += len(lines)
        flow_count += len(lines) > 0
        yield from lines
    trailer = parts.trailer(header, group_count=group_count, flow_count=flow_count)
    yield from spoil([parts.line(TRAILER, trailer)], Place.TRAILER)
