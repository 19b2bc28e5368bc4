"""The lines of one synthetic meter point after another, by the million.

They are written without the records between, which is several times quicker; a test
holds them against the writer's.
"""

from __future__ import annotations

from dataclasses import dataclass

from meter_readings.d0010 import D0010
from meter_readings.d0010.codes import (
    BscValidationStatus,
    ReadingMethod,
    ReadingType,
    ReasonCode,
)

from .meters import Kind, Meter, meter, scattered
from .times import Slot

# Which meters there are where a meter point gets one reading, two, or more.
_ONE_REGISTER = (Kind(("S",)), Kind(("01",)), Kind(("S",)), Kind(("TO",)))
_TWO_REGISTERS = (
    Kind(("01", "02")),
    Kind(("DY", "NT")),
    Kind(("L", "N")),
    Kind(("01",), ("MD",), daily_usage=200),
)
_THREE_REGISTERS = (Kind(("01", "02"), ("MD",), daily_usage=350),)
_KINDS = (
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
_NOBODY_CAME = {
    ReadingType.CUSTOMER.value,
    ReadingType.DEEMED_OR_ESTIMATED.value,
    ReadingType.PREPAYMENT.value,
}

_MPAN, _METER, _READING = D0010.mpan.code, D0010.meter.code, D0010.reading.code
_FAILED_RESULT = f"{D0010.result.code}|{ReasonCode.OVER_TWICE_EXPECTED}|F|\n"


@dataclass(frozen=True)
class MeterPoints:
    """So many meter points that share so many readings, taken at these times.

    `is_special` says that the times are not only midnights, so that every reading
    must be of type S (J0016).
    """

    count: int
    readings: int
    seed: int
    slots: list[Slot]
    is_special: bool

    def lines_of(self, index: int) -> list[str]:
        """Return the groups of one meter point, each with its line end."""
        share = self.readings // self.count
        kinds = _KINDS[min(share, len(_KINDS)) - 1]
        share += index < self.readings % self.count
        chance = scattered(self.seed, index)
        kind = kinds[chance % len(kinds)]
        status = _STATUSES[(chance >> 8) % len(_STATUSES)]
        reading_type = _READING_TYPES[(chance >> 16) % len(_READING_TYPES)]
        if self.is_special:
            reading_type = ReadingType.SPECIAL.value
        metered = meter(seed=self.seed, index=index, kind=kind)
        times = self._times_of(-(-share // kind.register_count), chance >> 24)
        readings = _reading_lines(metered, times, reading_type)[:share]
        if status == BscValidationStatus.FAILED:
            readings = _suspect(readings)
        return [
            f"{_MPAN}|{metered.mpan_core}|{status}|\n",
            f"{_METER}|{metered.meter_id}|{reading_type}|\n",
            *readings,
        ]

    def _times_of(self, count: int, chance: int) -> list[Slot]:
        """Return times spread evenly over all that there are, from a day by chance."""
        gap = len(self.slots) // count
        first = chance % gap
        return self.slots[first : first + gap * count : gap]


def _reading_lines(meter: Meter, times: list[Slot], reading_type: str) -> list[str]:
    """Return a line for every register at every time."""
    method = ReadingMethod.VIEWED.value
    if reading_type in _NOBODY_CAME:
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
    """Return readings flagged as suspect, each with a 032 beneath it."""
    lines = []
    for reading in readings:
        lines += [reading.replace("|T|", "|F|"), _FAILED_RESULT]
    return lines
