"""Advances: differences between successive readings of one register, in register units.

Pure arithmetic over readings. A D0010 states neither the kWh that a unit is worth nor
the number of digits of a register.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from meter_readings.d0010 import LONDON
from meter_readings.d0010.codes import Basis, ReadingType
from meter_readings.models import Reading, ReadingSource, VersionStatus

# Readings of these types (J0171) do not measure consumption.
_NOT_FOR_CONSUMPTION = {
    ReadingType.METER_ADVANCE_RECONCILIATION,
    ReadingType.PROVING_TEST,
    ReadingType.WITHDRAWN,
}

# Half-hourly collectors write the midnight at which a day ends as this time.
_END_OF_DAY = time(23, 59, 59)

# A rollover is likely if the earlier reading had reached this share of a power of ten
# and the advance over it is less than this many times the median rate.
_ROLLOVER_THRESHOLD = Decimal("0.9")
_MAX_ROLLOVER_RATE = 2

_HUNDREDTH = Decimal("0.01")


class ExclusionReason(Enum):
    """Why a reading is excluded from advances."""

    NOT_CURRENT = "not current"
    DEMAND = "demand"
    NOT_FOR_CONSUMPTION = "not for consumption"
    SUSPECT = "suspect"


class Direction(Enum):
    """Whether a register went up or down between two readings."""

    FORWARD = "forward"
    # The earlier reading is an estimate that was too high.
    CORRECTION = "correction"
    # A rollover, another meter, or a wrong reading.
    BACKWARD = "backward"


class Advance(NamedTuple):
    """The difference between two successive readings of one register.

    `units` is None if the register went backward; only then, and only if a rollover is
    likely, is there a value in `units_if_rollover`.
    """

    earlier: Reading
    later: Reading
    direction: Direction
    days: int
    units: Decimal | None
    units_if_rollover: Decimal | None = None

    @property
    def per_day(self) -> Decimal | None:
        """Units per day, rounded to 0.01; None within one day or if not forward."""
        if self.direction is not Direction.FORWARD or self.units is None:
            return None
        return _rate(self.units, self.days)

    @property
    def is_estimate(self) -> bool:
        """Whether one of the two readings is an estimate."""
        return Basis.ESTIMATED in (self.earlier.basis, self.later.basis)

    @property
    def is_corrected(self) -> bool:
        """Whether a user entered one of the two readings."""
        return ReadingSource.USER in (self.earlier.source, self.later.source)


def exclusion_reason(reading: Reading, *, is_demand: bool) -> ExclusionReason | None:
    """Return why a reading is excluded from advances, or None if it is not."""
    if reading.version_status != VersionStatus.CURRENT:
        return ExclusionReason.NOT_CURRENT
    if is_demand:
        return ExclusionReason.DEMAND
    if reading.reading_type in _NOT_FOR_CONSUMPTION:
        return ExclusionReason.NOT_FOR_CONSUMPTION
    return ExclusionReason.SUSPECT if reading.is_suspect else None


def advances_between(
    *,
    readings: Iterable[Reading],
    demand_registers: Collection[tuple[int, str]] = (),
) -> list[Advance]:
    """Return the advances of each register, ordered by the time of the later reading.

    The readings may be of several meters and in any order. A register is a demand
    register, and has no advances, if it is one of `demand_registers`, as
    (meter_id, register_id), or if any of its readings has an MD reset.
    """
    by_register: dict[tuple[int, str], dict[object, Reading]] = defaultdict(dict)
    for reading in readings:
        register = by_register[reading.meter_id, reading.register_id]
        register[_reading_key(reading)] = reading
    advances: list[Advance] = []
    for key, register in by_register.items():
        is_demand = key in demand_registers or any(map(_has_reset, register.values()))
        included = (
            reading
            for reading in register.values()
            if exclusion_reason(reading, is_demand=is_demand) is None
        )
        advances += _register_advances(
            sorted(included, key=lambda reading: reading.read_at)
        )
    return sorted(advances, key=lambda advance: advance.later.read_at)


def _reading_key(reading: Reading) -> object:
    """Return the primary key, or the object's own identity if it is not saved."""
    return reading.pk or id(reading)


def _has_reset(reading: Reading) -> bool:
    return reading.md_reset_at is not None or reading.md_reset_count is not None


def _register_advances(readings: list[Reading]) -> Iterator[Advance]:
    """Yield the advances between the readings of one register, in time order."""
    advances = [_advance(earlier, later) for earlier, later in pairwise(readings)]
    rates = [
        advance.units / advance.days
        for advance in advances
        if advance.direction is Direction.FORWARD and advance.units is not None
        if advance.days
    ]
    median_rate = median(rates) if rates else None
    for advance in advances:
        if advance.direction is Direction.BACKWARD and median_rate is not None:
            advance = advance._replace(
                units_if_rollover=_units_if_rollover(advance, median_rate)
            )
        yield advance


def _advance(earlier: Reading, later: Reading) -> Advance:
    units = later.value - earlier.value
    days = (_local_day(later) - _local_day(earlier)).days
    if units >= 0:
        return Advance(earlier, later, Direction.FORWARD, days, units)
    if earlier.basis is Basis.ESTIMATED:
        return Advance(earlier, later, Direction.CORRECTION, days, units)
    return Advance(earlier, later, Direction.BACKWARD, days, None)


def _local_day(reading: Reading) -> date:
    """Return the UK local date; 23:59:59 counts as the midnight after it."""
    local = reading.read_at.astimezone(LONDON)
    return local.date() + timedelta(days=local.time() == _END_OF_DAY)


def _units_if_rollover(advance: Advance, median_rate: Decimal) -> Decimal | None:
    """Return the units advanced over the next power of ten, if that is likely."""
    earlier = advance.earlier.value
    rollover_at = Decimal(10) ** len(str(int(earlier)))
    if earlier < _ROLLOVER_THRESHOLD * rollover_at or not advance.days:
        return None
    units = advance.later.value - earlier + rollover_at
    is_likely = units / advance.days < _MAX_ROLLOVER_RATE * median_rate
    return units if is_likely else None


def _rate(units: Decimal, days: int) -> Decimal | None:
    return (units / days).quantize(_HUNDREDTH) if days else None
