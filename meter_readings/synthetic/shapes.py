"""Shapes of synthetic files: what files in use have beside plain readings.

Every shape but the plain one changes some lines of the plain meter points. Which lines
these are depends on the seed and on the times of the readings alone, so the same
readings in another file have the same lines.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

from meter_readings.d0010 import D0010, SiteVisit
from meter_readings.d0010.codes import (
    MarketRole,
    ReadingType,
    ReasonCode,
    SiteVisitCheckCode,
)

from .envelope import line
from .meters import MeterProfile, hash64

type Change = Callable[[str, int], str]

# Follows a suspect reading.
FAILED_RESULT = f"{D0010.result.code}|{ReasonCode.OVER_TWICE_EXPECTED}|F|\n"

_READING = D0010.reading.code + "|"

# One meter in fifty of the mixed shape, if the meter point has twelve readings
LARGE_METER = MeterProfile(
    tuple(f"{rate}{season}" for season in "123" for rate in "ABCD"), daily_usage=350
)
LARGE_METER_INTERVAL = 50


class Shape(StrEnum):
    """What the readings of a file look like."""

    PLAIN = "plain"
    SUSPECT = "suspect"
    WHOLE_NUMBERS = "whole-numbers"
    NOT_MIDNIGHT = "not-midnight"
    HALF_HOURLY = "half-hourly"
    MIXED = "mixed"

    @property
    def from_role(self) -> MarketRole:
        """The role of the sender (J0934)."""
        if self is Shape.HALF_HOURLY:
            return MarketRole.HH_DATA_COLLECTOR
        return MarketRole.NHH_DATA_COLLECTOR


class Oddity(NamedTuple):
    """Something unusual in `percent` of the lines of one kind.

    `change` takes a line and random bits, which choose among several changes. It
    returns the line, and the lines of the groups that it puts below.
    """

    title: str
    percent: int
    change: Change


class Oddities(NamedTuple):
    """The oddities of 026, 028, times of visits, values (J0040) and 030: one of each.

    A visit is the readings of a meter at one time. The last are of readings that are
    not flagged F.
    """

    mpans: Sequence[Oddity] = ()
    meters: Sequence[Oddity] = ()
    times: Sequence[Oddity] = ()
    values: Sequence[Oddity] = ()
    readings: Sequence[Oddity] = ()


def _append(text: str) -> Change:
    return lambda line, bits: line + text


def _replace_end(end: str, new_end: str) -> Change:
    """Return the change of as many last characters as `end` has."""
    return lambda line, bits: line[: -len(end)] + new_end


def _set_clock_time(*clock_times: str) -> Change:
    """Return the change of midnight to another time of the same day."""

    def change(line: str, bits: int) -> str:
        clock_time = clock_times[bits % len(clock_times)]
        return line.replace("000000|", f"{clock_time}|", 1)

    return change


def _set_reading_type(*codes: str) -> Change:
    return lambda line, bits: f"{line[:-3]}{codes[bits % len(codes)]}|\n"


def _set_value(change: Callable[[str], str]) -> Change:
    """Return the change of the register reading (J0040)."""

    def change_line(line: str, bits: int) -> str:
        fields = line.split("|")
        fields[3] = change(fields[3])
        return "|".join(fields)

    return change_line


def _flag(line: str, bits: int) -> str:
    return line.replace("|T|", "|F|")


def _flag_with_result(line: str, bits: int) -> str:
    return _flag(line, bits) + FAILED_RESULT


_whole_number = _set_value(lambda value: value.partition(".")[0])
_three_decimals = _set_value(lambda value: value + "25")

_HALF_HOURS = [f"{hour:02}{minute}00" for hour in range(2, 24) for minute in ("00", 30)]

# Those that no plain meter point has; O is not of a D0010.
_OTHER_READING_TYPES = [
    ReadingType.FINAL,
    ReadingType.INITIAL,
    ReadingType.METER_ADVANCE_RECONCILIATION,
    ReadingType.MODIFIED,
    ReadingType.PROVING_TEST,
    ReadingType.FORWARD_CHANGE_OF_AGENT,
    ReadingType.FORWARD_CHANGE_OF_SUPPLIER,
    ReadingType.WITHDRAWN,
    ReadingType.SUPPLIER_AGREED,
    ReadingType.REVERSE_CHANGE_OF_SUPPLIER,
    ReadingType.ACTUAL_CHANGE_OF_TENANCY,
]

_MPAN_VISIT = SiteVisit(SiteVisitCheckCode.NO_ACCESS, "No reply, card left (2nd visit)")
_METER_VISIT = SiteVisit(SiteVisitCheckCode.SEALS_MISSING, "SEAL MISSING - ref 204/B")
_READING_VISIT = SiteVisit(SiteVisitCheckCode.DAMAGE, "Glass broken; digits readable")

_MIXED = Oddities(
    mpans=[
        Oddity("027 with a remark", 2, _append(line(D0010.mpan_visit, _MPAN_VISIT))),
    ],
    meters=[
        Oddity("029 with a remark", 2, _append(line(D0010.meter_visit, _METER_VISIT))),
        Oddity("reading type not in the list", 2, _set_reading_type("K")),
        Oddity("other reading type", 4, _set_reading_type(*_OTHER_READING_TYPES)),
    ],
    times=[
        Oddity(
            "half-hourly time",
            2,
            _set_clock_time("235959", "063000", "120000", "183000"),
        ),
        Oddity("time to the second", 2, _set_clock_time("091542", "134107", "160533")),
    ],
    values=[
        Oddity("value without a decimal", 2, _whole_number),
        Oddity("value with three decimals", 2, _three_decimals),
    ],
    readings=[
        Oddity("flag F without a 032", 2, _flag),
        Oddity("flag F with a 032", 2, _flag_with_result),
        Oddity("two more empty fields", 1, _replace_end("\n", "||\n")),
        Oddity("flag and method blank", 1, _replace_end("T|P|\n", " | |\n")),
        Oddity("method not in the list", 1, _replace_end("P|\n", "X|\n")),
        Oddity(
            "033 with a remark", 1, _append(line(D0010.reading_visit, _READING_VISIT))
        ),
    ],
)

ODDITIES: dict[Shape, Oddities] = {
    Shape.PLAIN: Oddities(),
    Shape.SUSPECT: Oddities(readings=[Oddity("flag F without a 032", 2, _flag)]),
    Shape.WHOLE_NUMBERS: Oddities(
        values=[Oddity("value without a decimal", 100, _whole_number)]
    ),
    Shape.NOT_MIDNIGHT: Oddities(
        times=[Oddity("time of the day", 100, _set_clock_time(*_HALF_HOURS, "091542"))]
    ),
    Shape.HALF_HOURLY: Oddities(
        times=[
            Oddity("midnight as 235959", 25, _set_clock_time("235959")),
            Oddity("half-hourly time", 50, _set_clock_time(*_HALF_HOURS)),
        ]
    ),
    Shape.MIXED: _MIXED,
}


def reshape(lines: Sequence[str], shape: Shape, random_bits: int) -> list[str]:
    """Return the lines of a plain meter point, its 026 and 028 first, in a shape."""
    oddities = ODDITIES[shape]
    mpan, meter, *readings = lines
    texts = [
        _change(mpan, oddities.mpans, hash64(random_bits, 1)),
        _change(meter, oddities.meters, hash64(random_bits, 2)),
    ]
    for number, text in enumerate(readings):
        if text.startswith(_READING):
            read_at = text.split("|", 3)[2]
            visit_bits = hash64(random_bits, int(read_at))
            text = _change(text, oddities.times, visit_bits)
            line_bits = hash64(visit_bits, number)
            text = _change(text, oddities.values, line_bits)
            if "|F|" not in text:
                text = _change(text, oddities.readings, line_bits >> 32)
        texts.append(text)
    return "".join(texts).splitlines(keepends=True)


def _change(line: str, oddities: Sequence[Oddity], random_bits: int) -> str:
    """Return a line with the oddity that the bits choose, or with none."""
    draw = random_bits % 100
    for oddity in oddities:
        if draw < oddity.percent:
            return oddity.change(line, random_bits >> 8)
        draw -= oddity.percent
    return line
