"""One visit to one meter as the groups that tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime

from meter_readings.d0010.codes import BscValidationStatus, ReadingMethod, ReadingType

from . import parts
from .meters import Kind, Meter, meter
from .parts import Part
from .times import AVERAGE_DAY, midnight, month_after, usage_until

# For these an agent stood before the meter, unless something else is said.
_SEEN = {
    ReadingType.ROUTINE,
    ReadingType.SPECIAL,
    ReadingType.INITIAL,
    ReadingType.FINAL,
    ReadingType.MODIFIED,
    ReadingType.PROVING_TEST,
    ReadingType.ACTUAL_CHANGE_OF_SUPPLIER,
    ReadingType.ACTUAL_CHANGE_OF_TENANCY,
}


def method_of(reading_type: ReadingType) -> ReadingMethod:
    """Return the method (J1888) by which readings of a type are mostly taken."""
    if reading_type in _SEEN:
        return ReadingMethod.VIEWED
    return ReadingMethod.NOT_VIEWED


def meters(*, seed: int, count: int, kinds: Iterable[Kind]) -> Iterator[Meter]:
    """Yield so many meters, each of the next kind, beginning anew when they are out."""
    kinds = list(kinds)
    for index in range(count):
        yield meter(seed=seed, index=index, kind=kinds[index % len(kinds)])


def readings(
    meter: Meter,
    read_at: datetime,
    *,
    method: ReadingMethod = ReadingMethod.VIEWED,
    flag: bool = True,
    days_more: int = 0,
    used_until: datetime | None = None,
) -> Iterator[Part]:
    """Yield a 030 for each register; a demand was reset on the same day a month before.

    `days_more` adds so many days' average use, as no two months are alike. Nothing is
    used after `used_until`.
    """
    usage = usage_until(used_until or read_at) + days_more * AVERAGE_DAY
    reset_at = midnight(month_after(read_at, -1).replace(day=min(read_at.day, 28)))
    for register in meter.registers:
        yield parts.reading(
            register.register_id,
            read_at,
            register.value_at(usage),
            reset=(reset_at, 1) if register.is_demand else None,
            method=method,
            flag=flag,
        )


def visit(
    meter: Meter,
    *days: date,
    reading_type: ReadingType = ReadingType.ROUTINE,
    status: BscValidationStatus = BscValidationStatus.VALIDATED,
    method: ReadingMethod | None = None,
) -> Iterator[Part]:
    """Yield a meter point, its meter, and its readings at midnight on each day."""
    method = method or method_of(reading_type)
    yield parts.meter_point(meter, status)
    yield parts.read(meter, reading_type)
    for day in days:
        yield from readings(meter, midnight(day), method=method)


def at_zero(fitted: Meter, day: date) -> Meter:
    """Return a meter whose registers begin on the day when it was fitted."""
    usage = usage_until(midnight(day))
    registers = [
        register._replace(start=register.start - register.value_at(usage))
        for register in fitted.registers
    ]
    return fitted._replace(registers=registers)
