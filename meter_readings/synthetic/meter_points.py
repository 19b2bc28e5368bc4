"""Lines of synthetic meter points, quick enough for millions of readings.

They are formatted without records, which is several times quicker; a test compares
them with the output of the writer.
"""

from __future__ import annotations

from dataclasses import dataclass

from meter_readings.d0010 import D0010
from meter_readings.d0010.codes import (
    BscValidationStatus,
    ReadingMethod,
    ReadingType,
)

from .meters import Meter, MeterProfile, build_meter, hash64
from .shapes import (
    FAILED_RESULT,
    LARGE_METER,
    LARGE_METER_INTERVAL,
    Shape,
    reshape,
)
from .times import ReadingTime

# The meters of a file with one, two, or more readings per meter point.
_ONE_REGISTER = (
    MeterProfile(("S",)),
    MeterProfile(("01",)),
    MeterProfile(("S",)),
    MeterProfile(("TO",)),
)
_TWO_REGISTERS = (
    MeterProfile(("01", "02")),
    MeterProfile(("DY", "NT")),
    MeterProfile(("L", "N")),
    MeterProfile(("01",), ("MD",), daily_usage=200),
)
_THREE_REGISTERS = (MeterProfile(("01", "02"), ("MD",), daily_usage=350),)
_PROFILES = (
    _ONE_REGISTER,
    _ONE_REGISTER * 2 + _TWO_REGISTERS,
    _ONE_REGISTER * 4 + _TWO_REGISTERS * 2 + _THREE_REGISTERS * 2,
)

_STATUSES = (
    *(BscValidationStatus.VALIDATED.value,) * 26,
    *(BscValidationStatus.UNVALIDATED.value,) * 5,
    BscValidationStatus.FAILED.value,
)
_READING_TYPES = (
    *(ReadingType.ROUTINE.value,) * 10,
    ReadingType.CUSTOMER.value,
    ReadingType.CUSTOMER.value,
    ReadingType.DEEMED_OR_ESTIMATED.value,
    ReadingType.PREPAYMENT.value,
    ReadingType.SPECIAL.value,
    ReadingType.ACTUAL_CHANGE_OF_SUPPLIER.value,
)
_NOT_VIEWED_TYPES = {
    ReadingType.CUSTOMER.value,
    ReadingType.DEEMED_OR_ESTIMATED.value,
    ReadingType.PREPAYMENT.value,
}

_MPAN, _METER, _READING = D0010.mpan.code, D0010.meter.code, D0010.reading.code


@dataclass(frozen=True)
class MeterPoints:
    """The meter points of a file: `count` of them share `readings` readings.

    `times` are the times to choose from. `is_special` means that some are not
    midnights, so that every reading must be of type S (J0016).
    """

    count: int
    readings: int
    seed: int
    times: list[ReadingTime]
    is_special: bool
    shape: Shape

    def lines_of(self, index: int) -> list[str]:
        """Return the groups of one meter point, each line with its line feed."""
        share = self.readings // self.count
        profiles = _PROFILES[min(share, len(_PROFILES)) - 1]
        share += index < self.readings % self.count
        random_bits = hash64(self.seed, index)
        profile = profiles[random_bits % len(profiles)]
        if self._has_large_meter(share, random_bits >> 40):
            profile = LARGE_METER
        status = _STATUSES[(random_bits >> 8) % len(_STATUSES)]
        reading_type = _READING_TYPES[(random_bits >> 16) % len(_READING_TYPES)]
        if self.is_special:
            reading_type = ReadingType.SPECIAL.value
        meter = build_meter(seed=self.seed, index=index, profile=profile)
        times = self._times_of(-(-share // profile.register_count), random_bits >> 24)
        readings = _reading_lines(meter, times, reading_type)[:share]
        if status == BscValidationStatus.FAILED:
            readings = _suspect(readings)
        lines = [
            f"{_MPAN}|{meter.mpan_core}|{status}|\n",
            f"{_METER}|{meter.meter_id}|{reading_type}|\n",
            *readings,
        ]
        if self.shape is Shape.PLAIN:
            return lines
        return reshape(lines, self.shape, random_bits)

    def _has_large_meter(self, share: int, random_bits: int) -> bool:
        return (
            self.shape is Shape.MIXED
            and share >= LARGE_METER.register_count
            and random_bits % LARGE_METER_INTERVAL == 0
        )

    def _times_of(self, count: int, random_bits: int) -> list[ReadingTime]:
        """Return `count` evenly spread times; the bits choose the first."""
        gap = len(self.times) // count
        first = random_bits % gap
        return self.times[first : first + gap * count : gap]


def _reading_lines(
    meter: Meter, times: list[ReadingTime], reading_type: str
) -> list[str]:
    """Return a 030 for every register at every time."""
    method = ReadingMethod.VIEWED.value
    if reading_type in _NOT_VIEWED_TYPES:
        method = ReadingMethod.NOT_VIEWED.value
    ending = f"T|{method}|\n"
    lines = []
    for read_at, reset_at, usage in times:
        for register in meter.registers:
            value = register.value_at(usage)
            reset = f"{reset_at}|1" if register.is_demand else "|"
            lines.append(
                f"{_READING}|{register.register_id}|{read_at}"
                f"|{value // 10}.{value % 10}|{reset}|{ending}"
            )
    return lines


def _suspect(readings: list[str]) -> list[str]:
    """Return the readings flagged as suspect, each followed by its 032."""
    lines = []
    for reading in readings:
        lines += [reading.replace("|T|", "|F|"), FAILED_RESULT]
    return lines
